"""What the store tells by itself: that products or orders changed, that the app is gone, that somebody's data has to go.

A notice is believed when it is signed with the app's secret and names our store. Of its body only a number is kept, until
what it speaks of was read; ten equal ones are one row.
"""

import hashlib
import hmac
import json
import logging
import re
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, ProviderError
from crm.models import Contact, Store, StoreNotice, Task
from crm.phones import as_e164
from crm.services import finding, tasks
from crm.store import connection, forgetting
from crm.store.shapes import whole
from crm.store.wire import Keys, Tiendanube
from tenants.context import current_tenant
from tenants.domain import roles
from tenants.domain.actor import Actor
from tenants.models import Membership
from tenants.services.audit import record

logger = logging.getLogger(__name__)

DOOR = "/webhooks/tiendanube/"
LOOK, QUEUE = "crm.tasks.look_at_store_notices", "sync"
BY = Actor.system("Tienda Nube")
PRODUCTS = ("product/created", "product/updated", "product/deleted")
ORDERS = ("order/created", "order/paid", "order/cancelled", "order/packed", "order/fulfilled")
GONE, APP = "app/uninstalled", "app"
EVENTS = (*PRODUCTS, *ORDERS, GONE)
PRIVACY = {
    "customers/redact": "store.customer_redact",
    "customers/data_request": "store.customer_data_request",
}
ROUTE_KEY = re.compile(r"t([1-9][0-9]{0,17})\.[A-Za-z0-9_-]{20,60}")
MOST_WAITING = 2000  # with more of them reading everything is less work
ANSWER_WITHIN = timedelta(days=7)  # for a person's request about their data


def possible() -> bool:
    """Whether the store can be told an address, and what comes to it be believed. Inside a company."""
    return settings.PUBLIC_URL.startswith("https://") and bool(connection.app_secret())


def new_route_key() -> str:
    """Unguessable; says whose door it is. A company's next store has the same one: people paste the address at Tienda Nube
    for the notices of privacy, and there it stays.
    """
    number = current_tenant().pk
    return f"t{number}.{salted_hmac('crm.store.notices', str(number), algorithm='sha256').hexdigest()[:48]}"


def tenant_id_of(route_key: str) -> int | None:
    """Which company's door that claims to be."""
    found = ROUTE_KEY.fullmatch(route_key)
    return int(found[1]) if found else None


def address(row: Store) -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}{DOOR}{row.route_key}/"


# --- asking for them ---------------------------------------------------------------------------------------------
def ask_for(client: Tiendanube, url: str) -> bool:
    """Have every event told to `url`; whether those of products are. Repeatable. Outside of transactions.

    An app without the permission for orders is told of products all the same.
    """
    try:
        known = {str(each.get("event")) for each in client.hooks() if each.get("url") == url}
    except ProviderError as error:
        logger.info("a store tells nothing by itself: %s", error.code)
        return False
    for event in EVENTS:
        if event in known:
            continue
        try:
            client.add_hook(event, url)
            known.add(event)
        except ProviderError as error:
            logger.info("a store does not tell %s: %s", event, error.code)
            if error.kind == "retry":
                break
    return known.issuperset(PRODUCTS)


def take_back(client: Tiendanube, url: str) -> None:
    """No more notices to `url`; what cannot be taken back finds no door."""
    try:
        for each in client.hooks():
            number = whole(each.get("id"))
            if each.get("url") == url and number is not None:
                client.remove_hook(number)
    except ProviderError as error:
        logger.info("notices of a store were not taken back: %s", error.code)


# --- the door ----------------------------------------------------------------------------------------------------
def knock(*, route_key: str, body: bytes, signature: str) -> int:
    """A notice at the door, inside the company of its route key; the HTTP status to answer with."""
    row = connection.current()
    if row is None or not constant_time_compare(row.route_key, route_key):
        return 404
    secret = connection.app_secret()
    right = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not secret or not constant_time_compare(right, signature.strip().lower()):
        return 401
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return 400
    if not isinstance(said, dict) or str(said.get("store_id")) != row.store_id:
        return 400
    _heard(row, said)
    return 200


def _heard(row: Store, said: dict[str, Any]) -> None:
    event, number = said.get("event"), whole(said.get("id"))
    if event in PRODUCTS or event in ORDERS:
        if number is not None and row.works:
            note("product" if event in PRODUCTS else "order", number)
    elif event == GONE:
        # Told late, it may speak of an app that was put in again since: the store itself is asked.
        if row.state != Store.State.UNINSTALLED:
            note(APP, 0)
    elif event == "store/redact":
        _redact_store(row)
    elif event in PRIVACY:
        _about_a_person(row, str(event), said.get("customer"))


def note(topic: str, number: int) -> None:
    """Have a product, or the products of an order, read soon; or have it tried whether the app is still in."""
    now = timezone.now()
    if topic != APP and StoreNotice.objects.count() >= MOST_WAITING:
        StoreNotice.objects.exclude(topic=APP).delete()
        Store.objects.filter(sync_began_at=None).update(sync_after=now)
        return
    StoreNotice.objects.bulk_create(
        [StoreNotice(topic=topic, number=number, due_at=now)],
        update_conflicts=True,
        unique_fields=["topic", "number"],
        update_fields=["due_at"],
    )
    commit.queue(LOOK, queue=QUEUE)


def uninstalled(asked: Keys) -> None:
    """The store accepts the token no more that it was `asked` with; one that was put in meanwhile stays."""
    row = connection.current()
    if row is None or row.state == Store.State.UNINSTALLED or connection.keys() != asked:
        return
    words = _("La app se desinstaló en Tienda Nube. Para volver a usarla, conectar la tienda de nuevo.")
    Store.objects.update(state=Store.State.UNINSTALLED, error=words, told=False, sync_began_at=None)
    StoreNotice.objects.all().delete()
    record(action="store.uninstalled", resource=row, by=BY)


def _redact_store(row: Store) -> None:
    """Two days after the app was taken out. Who connected it again meanwhile has said yes again."""
    if row.state == Store.State.UNINSTALLED:
        forgetting.everything(by=BY, action="store.redacted")
    else:
        record(action="store.redact_not_due", resource=row, by=BY)


def _about_a_person(row: Store, event: str, customer: object) -> None:
    """Of the store's buyers nothing is kept here; but one may also be a contact, and that is for a person to decide."""
    said = customer if isinstance(customer, dict) else {}
    contact = _known(said)
    diff = {"customer": whole(said.get("id")), "known": contact is not None}
    record(action=PRIVACY[event], resource=contact or row, by=BY, diff=diff)
    if contact is None:
        return
    title = (
        _("Tienda Nube pide borrar los datos de este cliente")
        if event == "customers/redact"
        else _("Un cliente de la tienda pide sus datos")
    )
    if Task.objects.filter(contact=contact, title=title, done_at=None).exists():
        return
    detail = _("Desde la ficha del contacto: Datos personales.")
    tasks.create_task(
        title=title, due_at=timezone.now() + ANSWER_WITHIN, by=BY, contact=contact, assignee=_head(), detail=detail
    )


def _known(customer: dict[str, Any]) -> Contact | None:
    email, phone = customer.get("email"), customer.get("phone")
    try:
        number = as_e164(phone, currency=current_tenant().currency) if isinstance(phone, str) and phone.strip() else ""
    except AppError:
        number = ""
    email = email if isinstance(email, str) else ""
    return finding.find_known(number, email) if number or email else None


def _head() -> Any:
    """Who directs the company, the one known longest."""
    here = Membership.objects.active().filter(tenant_id=current_tenant().pk, role=roles.CEO)
    return here.order_by("created_at").values_list("user_id", flat=True).first()
