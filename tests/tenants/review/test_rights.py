"""What PostgreSQL lets a company's role write on shared tables: no more than the code needs."""

import pytest
from django.db import DatabaseError, IntegrityError, connection

from config.lib.ids import uuid7
from messaging.ingest.models import ChannelRoute
from tenants.context import platform_scope, tenant_context
from tenants.models import Credential, DataKey, Tenant
from tests.support.cast import Cast

REFUSED = [
    "update tenants_tenant set schema_name = '{other}'",
    "update tenants_tenant set slug = 'stolen'",
    "update tenants_tenant set status = 'active'",
    "update tenants_tenant set id = id + 1",
    (
        "insert into tenants_tenant (id, schema_name, slug, name, trade, timezone, locale, currency, status, settings, created_at)"
        " values (1, 'x', 'x', 'x', 'sales', 'UTC', 'es', 'ARS', 'active', '{{}}', now())"
    ),
    "update tenants_membership set role = 'ceo'",
    "update tenants_membership set status = 'active'",
    "delete from tenants_membership",
    (
        "insert into tenants_membership (id, role, status, created_at, tenant_id, user_id)"
        " select gen_random_uuid(), 'ceo', 'active', now(), tenant_id, gen_random_uuid() from tenants_membership limit 1"
    ),
    "insert into tenants_domain (domain, is_primary, tenant_id) values ('evil.test', false, {number})",
    "update tenants_user set access_mark = 'x'",
    "update tenants_systemevent set actor_label = 'somebody else'",
    "select last_value from ingest_inboundevent_id_seq",
    "select nextval('tenants_systemevent_id_seq')",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_a_company_may_not(cast: Cast, statement: str) -> None:
    told = statement.format(other=cast.globex.schema_name, number=cast.acme.pk)
    with pytest.raises(DatabaseError, match="permission denied"), tenant_context(cast.acme):
        with connection.cursor() as cursor:
            cursor.execute(told)


def test_a_company_may_change_its_own_name_and_settings_only(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        Tenant.objects.filter(pk=acme.pk).update(name="Acme SA", settings={"spacing_seconds": 5})
        assert Tenant.objects.filter(pk=globex.pk).update(name="Mine") == 0


def test_the_platform_reads_no_sealed_secret(cast: Cast) -> None:
    for model in (Credential, DataKey):
        with pytest.raises(DatabaseError, match="permission denied"), platform_scope("test"):
            model.objects.exists()


def route(tenant: Tenant, **over: object) -> ChannelRoute:
    fields = {"route_key": f"key-{uuid7()}", "provider": "web", "channel_id": uuid7(), **over}
    return ChannelRoute.objects.create(tenant=tenant, **fields)


def test_nobody_puts_a_second_route_in_front_of_another_companys_channel(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        mine = route(acme)
    with pytest.raises(IntegrityError), tenant_context(globex):
        route(globex, channel_id=mine.channel_id)
    with pytest.raises(IntegrityError), tenant_context(globex):
        own = route(globex)
        ChannelRoute.objects.filter(pk=own.pk).update(channel_id=mine.channel_id)


def test_nobody_takes_another_companys_address(acme: Tenant, globex: Tenant) -> None:
    with tenant_context(acme):
        mine = route(acme)
    with pytest.raises(IntegrityError), tenant_context(globex):
        route(globex, route_key=mine.route_key)
    with pytest.raises(DatabaseError), tenant_context(globex):
        ChannelRoute.objects.update_or_create(
            route_key=mine.route_key, defaults={"tenant": globex, "channel_id": uuid7()}
        )
    with pytest.raises(DatabaseError), tenant_context(globex):
        route(acme)
    with tenant_context(globex):
        assert ChannelRoute.objects.filter(pk=mine.pk).update(is_active=False) == 0
