"""Telling open websockets that somebody's access changed; who may listen is asked in tenants.live.admission."""

from config.lib import live


def access_topic(tenant_id: object) -> str:
    return f"access:{tenant_id}"


def changed(*tenant_ids: int) -> None:
    """Someone of these companies signed out, was suspended or got another password. Call after the commit.

    Open websockets are asked again at once; without this call within ten seconds.
    """
    for tenant_id in tenant_ids:
        live.publish(access_topic(tenant_id), {})
