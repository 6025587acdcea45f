"""Connecting the store and letting go of it: the company's own app asks the shop's owner, or a token is written by hand."""

import hashlib
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import Invalid, ProviderError
from crm.models import Store
from crm.store import connection, forgetting, notices, wire
from crm.store.connection import APP_ID, APP_SECRET, CATEGORY, STORE_ID, TOKEN
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import limits
from tenants.services.audit import record
from tenants.services.vault import put_credential

READ, QUEUE = "crm.tasks.read_store", "sync"
STATE_SECONDS = 600
EXCHANGE_SECONDS = 10.0
SALT = "tiendanube"


# --- the company's app -------------------------------------------------------------------------------------------
def store_app(*, app_id: str, app_secret: str, by: Actor) -> None:
    """The id and secret of the company's app at Tienda Nube. Raises Invalid."""
    put_credential(category=CATEGORY, name=APP_ID, value=app_id, by=by)
    put_credential(category=CATEGORY, name=APP_SECRET, value=app_secret, by=by)
    # Notices may be believed from now on: the next reading asks for them.
    Store.objects.filter(told=False).update(sync_after=timezone.now())


def permission_url(*, person: object, sign_in: str) -> str:
    """Where the shop's owner says yes. The state is good for ten minutes, this company, this person and this sign-in.

    Raises Invalid while the app's id and secret are missing.
    """
    found = connection.app()
    if found is None:
        raise Invalid(_("Primero hay que guardar el id y el secreto de la app."), code="no_client")
    state = signing.dumps([current_tenant().pk, str(person), _mark(sign_in)], salt=SALT)
    base = settings.TIENDANUBE_AUTH_BASE_URL.rstrip("/")
    return f"{base}/apps/{found[0]}/authorize?{urlencode({'state': state})}"


def finish_permission(*, state: str, code: str, person: object, sign_in: str, by: Actor) -> None:
    """Take the code that came back; it is exchanged once this transaction is over. Raises Invalid."""
    wrong = Invalid(_("Ese permiso ya venció o no se pidió desde aquí. Conectar de nuevo."), code="bad_state")
    try:
        company, who, mark = signing.loads(state, salt=SALT, max_age=STATE_SECONDS)
    except (signing.BadSignature, ValueError, TypeError):
        raise wrong from None
    same = (company, who) == (current_tenant().pk, str(person)) and constant_time_compare(str(mark), _mark(sign_in))
    found = connection.app()
    if not same or not code or found is None:
        raise wrong
    commit.after(partial(_exchange, current_tenant(), found, code, by))


def _exchange(tenant: Tenant, app: tuple[str, str], code: str, by: Actor) -> None:
    try:
        keys = wire.exchange(app_id=app[0], secret=app[1], code=code, seconds=EXCHANGE_SECONDS)
    except ProviderError as error:
        with tenant_context(tenant):
            _refused(error, by)
        return
    with tenant_context(tenant):
        connect(store_id=keys.store_id, token=keys.token, by=by)


def _refused(error: ProviderError, by: Actor) -> None:
    """A store that was connected before goes on; the page says why nothing new is."""
    words = {"error": str(error.message)[:300]}
    new = {"state": Store.State.ATTENTION, "route_key": notices.new_route_key(), "connected_by": by.label[:160]}
    Store.objects.update_or_create(id=1, defaults=words, create_defaults={**new, **words})


def _mark(sign_in: str) -> str:
    return hashlib.sha256(sign_in.encode()).hexdigest()[:32]


# --- connected ---------------------------------------------------------------------------------------------------
def connect(*, store_id: str, token: str, by: Actor) -> Store:
    """Keep number and token, and read the store from now on. Raises Invalid, which never quotes the token."""
    put_credential(category=CATEGORY, name=STORE_ID, value=store_id, by=by)
    put_credential(category=CATEGORY, name=TOKEN, value=token, by=by)
    return adopt(by=by)


def adopt(*, by: Actor) -> Store:
    """Use the keys that are in the vault, however they came there. Raises Invalid when one is missing."""
    found = connection.keys()
    if found is None:
        raise Invalid(_("Faltan el número de tienda o el token."), code="missing_credential")
    before = connection.current()
    if before is not None and before.store_id != found.store_id:
        forgetting.products()
    fields: dict[str, object] = {
        "store_id": found.store_id,
        "state": Store.State.CONNECTED,
        "error": "",
        "connected_by": by.label[:160],
        "connected_at": timezone.now(),
        "told": False,
        "last_ok_at": None,
        **_from_the_start(),
    }
    new = {**fields, "route_key": notices.new_route_key()}
    row, _new = Store.objects.update_or_create(id=1, defaults=fields, create_defaults=new)
    record(action="store.connected", resource=row, by=by, diff={"store": found.store_id})
    commit.queue(READ, queue=QUEUE)
    return row


def read_now(*, by: Actor) -> None:
    """A person wants it tried and read anew. Raises RateLimited, Invalid."""
    limits.check("provider-test", current_tenant().pk)
    row = connection.current()
    if row is None or row.state == Store.State.UNINSTALLED:
        adopt(by=by)
        return
    if not row.is_being_read:
        Store.objects.update(**_from_the_start())
    commit.queue(READ, queue=QUEUE)


def _from_the_start() -> dict[str, object]:
    now = timezone.now()
    return {"page": 1, "sync_began_at": now, "sync_after": now, "is_cut": False, "fails": 0}


def disconnect(*, by: Actor) -> None:
    """Forget the store: its token, its products, what it said. The app's id and secret stay for the next time."""
    row = connection.current()
    try:
        client = connection.client(seconds=EXCHANGE_SECONDS)
    except ProviderError:
        client = None
    if client is not None and row is not None and row.told:
        commit.after(partial(notices.take_back, client, notices.address(row)))
    forgetting.everything(by=by)
