"""Signing in at Meta: to its dialog, back with a code, and what the account has. Nothing is a channel yet.

The dialog is a plain redirect, embedded sign-up too: Facebook's script is not loaded, and nothing here needs scripts.
"""

import hashlib
import json
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import redis
from django.conf import settings
from django.core import signing
from django.utils import timezone, translation
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid, NotFound, ProviderError
from config.lib.ids import key_of
from config.lib.redis import client as redis_client
from messaging.connecting import meta_look
from messaging.connecting.meta_wire import App, Token, exchange
from messaging.models import Channel, MetaLogin, Source
from messaging.services import meta_setup
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant
from tenants.services import limits
from tenants.services.vault import MissingCredential, get_tenant_credential, put_credential

TASK, QUEUE = "messaging.tasks.look_into_meta_login", "sync"
STATE_SECONDS = 600
EXCHANGE_SECONDS = 8.0
KEPT = timedelta(hours=1)
WAITED = timedelta(seconds=45)  # how long the page says "looking" when no answer comes
DIRECT = "instagram"  # Instagram's own sign-in, for accounts without a page
BROUGHT: dict[str, tuple[str, ...]] = {
    Source.WHATSAPP: ("whatsapp_business_management", "whatsapp_business_messaging"),
    Source.FACEBOOK: ("pages_show_list", "pages_messaging", "pages_manage_metadata"),
    Source.INSTAGRAM: ("pages_show_list", "pages_manage_metadata", "instagram_basic", "instagram_manage_messages"),
}
BROUGHT_DIRECT = ("instagram_business_basic", "instagram_business_manage_messages")


def needed_scopes(source: str, *, direct: bool) -> tuple[str, ...]:
    return BROUGHT_DIRECT if direct else BROUGHT[source]


def store_app(*, app_id: str, app_secret: str, config_id: str = "", direct: bool = False, by: Actor) -> None:
    """The company's app at Meta, or of Instagram's own sign-in. Raises Invalid."""
    category = "instagram" if direct else "meta"
    put_credential(category=category, name="APP_ID", value=app_id, by=by)
    put_credential(category=category, name="APP_SECRET", value=app_secret, by=by)
    if config_id:
        put_credential(category="meta", name="SIGNUP_CONFIG_ID", value=config_id, by=by)
    meta_setup.forget_routes()


def signup_config() -> str:
    """The id of the app's configuration of embedded sign-up; empty when there is none."""
    try:
        return get_tenant_credential(current_tenant().pk, "meta", "SIGNUP_CONFIG_ID")
    except MissingCredential:
        return ""


# --- there -----------------------------------------------------------------------------------------------------
def dialog_url(
    *,
    source: str,
    redirect: str,
    person: object,
    sign_in: str,
    direct: bool = False,
    with_phone: bool = False,
    channel: Channel | None = None,
) -> str:
    """Where Meta asks the person. The state is good once, for ten minutes, this company, this person and this sign-in.

    `direct`: Instagram's own sign-in; `with_phone`: the number stays in use in the WhatsApp Business app; `channel`: the one to
    connect again. Raises Invalid while the app is not stored, RateLimited.
    """
    app = meta_setup.app_of(instagram=direct)
    if app is None:
        raise Invalid(_("Primero hay que guardar el id y la clave secreta de la app."), code="no_app")
    limits.check("provider-test", current_tenant().pk)
    target = str(channel.pk) if channel else ""
    said = [current_tenant().pk, str(person), _mark(sign_in), get_random_string(32), source, direct, target]
    asked = {
        "client_id": app.app_id,
        "redirect_uri": redirect,
        "response_type": "code",
        "state": signing.dumps(said, salt="meta-login"),
    }
    if direct:
        asked["scope"] = ",".join(BROUGHT_DIRECT)
        return f"{settings.INSTAGRAM_OAUTH_BASE_URL.rstrip('/')}/oauth/authorize?{urlencode(asked)}"
    config_id = signup_config() if source == Source.WHATSAPP else ""
    if config_id:
        asked |= {"config_id": config_id, "override_default_response_type": "true"}
        if with_phone:
            asked["extras"] = json.dumps({"featureType": "whatsapp_business_app_onboarding"})
    else:
        asked["scope"] = ",".join(needed_scopes(source, direct=False))
    base = settings.META_DIALOG_BASE_URL.rstrip("/")
    return f"{base}/{settings.META_GRAPH_VERSION.strip('/')}/dialog/oauth?{urlencode(asked)}"


# --- and back --------------------------------------------------------------------------------------------------
def finish(*, state: str, code: str, redirect: str, member: Membership, sign_in: str) -> MetaLogin:
    """Take the code that Meta sent back; it is exchanged once this transaction is over. Raises Invalid.

    In the request and not in a task: the code of an embedded sign-up lives for 30 seconds, which a busy queue may take.
    """
    wrong = Invalid(_("Ese permiso ya venció o no se pidió desde aquí. Conectar de nuevo."), code="bad_state")
    try:
        company, who, mark, number, source, direct, target = signing.loads(
            state, salt="meta-login", max_age=STATE_SECONDS
        )
    except (signing.BadSignature, ValueError, TypeError):
        raise wrong from None
    mine = (current_tenant().pk, str(member.user_id))
    app = meta_setup.app_of(instagram=bool(direct))
    if (company, who) != mine or not constant_time_compare(mark, _mark(sign_in)) or not code or app is None:
        raise wrong
    if not _first_use(number):
        raise wrong
    login = MetaLogin.objects.create(
        channel_source=source,
        token="",
        by_id=member.user_id,
        found=[{"kind": "way", "id": target, "name": DIRECT if direct else ""}],
    )
    commit.after(partial(_exchange, current_tenant(), login.pk, app=app, code=code, redirect=redirect))
    return login


def _exchange(tenant: Tenant, pk: UUID, *, app: App, code: str, redirect: str) -> None:
    with tenant_context(tenant):
        login = MetaLogin.objects.get(pk=pk)
        direct = is_direct(login)
    try:
        token = exchange(app, code=code, redirect=redirect, seconds=EXCHANGE_SECONDS, instagram=direct)
    except ProviderError as error:
        with tenant_context(tenant):
            meta_look.note(pk, says=error.message)
        return
    with tenant_context(tenant):
        _keep(pk, token)
        commit.queue(TASK, queue=QUEUE, login_id=str(pk), language=translation.get_language())


def _keep(pk: UUID, token: Token) -> None:
    login = MetaLogin.objects.select_for_update(no_key=True).get(pk=pk)
    login.token, login.token_expires_at = token.value, token.expires_at
    login.found = [*login.found, {"kind": "granted", "id": "", "name": ",".join(token.scopes)}]
    login.save(update_fields=["token", "token_expires_at", "found"])


def _first_use(number: str) -> bool:
    """Whether this state was never brought back before. Without Redis nobody knows, and nothing is connected."""
    try:
        return bool(redis_client().set(f"meta:state:{number}", 1, nx=True, ex=STATE_SECONDS * 2))
    except redis.RedisError:
        return False


def _mark(sign_in: str) -> str:
    return hashlib.sha256(sign_in.encode()).hexdigest()[:32]


# --- the sign-in that is under way -----------------------------------------------------------------------------
def login_for(member: Membership, pk: object) -> MetaLogin:
    """The person's own, for an hour. Raises NotFound."""
    rows = MetaLogin.objects.filter(pk=key_of(pk), by_id=member.user_id, created_at__gt=timezone.now() - KEPT)
    login = rows.first()
    if login is None:
        raise NotFound(_("Esa conexión ya no está a la espera. Conectar de nuevo."))
    return login


def is_direct(login: MetaLogin) -> bool:
    return any(each.get("kind") == "way" and each.get("name") == DIRECT for each in login.found)


def target_of(login: MetaLogin) -> Channel | None:
    """The channel that is being connected again."""
    pk = next((each.get("id") for each in login.found if each.get("kind") == "way"), "")
    return Channel.objects.filter(pk=pk).first() if pk else None


def look_again(login: MetaLogin) -> None:
    """Ask Meta once more what the account has; the permission is there. Raises RateLimited, Invalid without one."""
    if not login.token:
        raise Invalid(_("Meta no dio el permiso. Conectar de nuevo."), code="no_token")
    limits.check("provider-test", current_tenant().pk)
    login.found = [each for each in login.found if each.get("kind") in ("way", "granted")]
    login.created_at = timezone.now()
    login.save(update_fields=["found", "created_at"])
    commit.queue(TASK, queue=QUEUE, login_id=str(login.pk), language=translation.get_language())


def look_into(*, tenant: Tenant, login_id: UUID) -> None:
    """What the account has, asked outside of any transaction; how it went stands on the sign-in."""
    with tenant_context(tenant):
        login = MetaLogin.objects.filter(pk=login_id).first()
        if login is None or not login.token:
            return
        direct = is_direct(login)
        app = meta_setup.app_of(instagram=direct)
    if app is None:
        return
    try:
        seen = meta_look.look(app, login, direct=direct, needed=needed_scopes(login.channel_source, direct=direct))
    except ProviderError as error:
        with tenant_context(tenant):
            meta_look.note(login_id, says=error.message)
        return
    with tenant_context(tenant):
        meta_look.keep(login_id, seen)


def forget_old() -> int:
    """Sign-ins that nobody finished within an hour, with their tokens; how many went."""
    return MetaLogin.objects.filter(created_at__lt=timezone.now() - KEPT).delete()[0]


def state_of(login: MetaLogin) -> dict[str, Any]:
    """`looking`, `late` (no answer came), `says` (what went wrong), `missing` scopes and `things` to choose from."""
    looked = next((each for each in login.found if each.get("kind") == "looked"), None)
    late = looked is None and timezone.now() - login.created_at > WAITED
    return {
        "looking": looked is None and not late,
        "late": late,
        "says": (looked or {}).get("name", ""),
        "missing": (looked or {}).get("missing", []),
        "things": [each for each in login.found if each.get("kind") in ("number", "page", "instagram")],
    }
