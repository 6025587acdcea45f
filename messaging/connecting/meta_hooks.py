"""Where an app at Meta sends its events, and which: one address and one list of fields for each kind of account."""

from collections.abc import Mapping

from django.utils.translation import gettext as _

from config.lib.errors import ProviderError
from messaging.connecting.meta_wire import Account, App
from messaging.models import Source
from messaging.providers.clean import items, text

SECONDS = 30.0
#: Without the echoes a reply from the phone is never heard, and the agent goes on talking (providers §1.2).
WHATSAPP_FIELDS = (
    "messages,smb_message_echoes,smb_app_state_sync,history,account_update,message_template_status_update,"
    "phone_number_quality_update,user_preferences"
)
#: A page sends its own events and those of its Instagram account, so both channels ask for the same.
PAGE_FIELDS = (
    "messages,messaging_postbacks,message_deliveries,message_echoes,message_reads,message_reactions,standby,"
    "messaging_handovers"
)
INSTAGRAM_FIELDS = "messages,message_reactions,messaging_seen,messaging_postbacks"
#: source → the kind of account, and the fields that its channels need
OBJECTS: dict[str, tuple[str, str]] = {
    Source.WHATSAPP: ("whatsapp_business_account", WHATSAPP_FIELDS),
    Source.FACEBOOK: ("page", PAGE_FIELDS),
    Source.INSTAGRAM: ("instagram", INSTAGRAM_FIELDS),
}


def ensure(app: App, *, source: str, address: str, doors: Mapping[str, str]) -> str:
    """Have the app send what channels of this kind need; what is worth saying about it. Raises ProviderError.

    `doors`: address → verify token of every channel of the company. One of them that is the app's address already stays it;
    `address` is for an app that has none.
    """
    account = Account(app.token, seconds=SECONDS)
    kind, wanted = OBJECTS[source]
    present, fields = _hooked(account, app, kind)
    missing = [each for each in wanted.split(",") if each not in fields]
    if present and present not in doors:
        return _elsewhere(source, missing)
    if missing:
        kept, every = present or address, ",".join([*fields, *missing])
        account.set_hook(app.app_id, kind=kind, address=kept, verify_token=doors[kept], fields=every)
    return ""


def _elsewhere(source: str, missing: list[str]) -> str:
    """The app serves somebody else, whose address is not taken from them. A WhatsApp account has one of its own besides
    (providers §1.2), but is told only what the app asks for."""
    if source != Source.WHATSAPP:
        message = _(
            "La app ya manda estos avisos a otra dirección. Cambiarla en Meta, en Webhooks, por la de este canal."
        )
        raise ProviderError(message, kind="permanent", code="hooked_elsewhere")
    if missing:
        message = _("La app ya manda estos avisos a otra dirección. Suscribirla en Meta, en Webhooks, a: %(fields)s.")
        raise ProviderError(message % {"fields": ", ".join(missing)}, kind="permanent", code="fields_missing")
    return _("Los mensajes llegan aquí; los avisos sobre la cuenta van a la otra dirección que ya tenía la app.")


def pass_on(app: App, *, source: str, address: str, heir: tuple[str, str] | None, seconds: float) -> None:
    """The app's one address may be this one, whose door is closed now: the heir's (address, verify token) takes its place."""
    account = Account(app.token, seconds=seconds)
    kind, wanted = OBJECTS[source]
    present, fields = _hooked(account, app, kind)
    if present != address:
        return
    if heir:
        every = ",".join(dict.fromkeys([*fields, *wanted.split(",")]))
        account.set_hook(app.app_id, kind=kind, address=heir[0], verify_token=heir[1], fields=every)
    elif source != Source.WHATSAPP:
        # Another company's WhatsApp accounts may live on the fields of this app; once ours has left, nothing of it is told.
        account.drop_hook(app.app_id, kind)


def _hooked(account: Account, app: App, kind: str) -> tuple[str, list[str]]:
    """The address that the app has, empty when there is none that works, and its fields."""
    for row in account.hooks(app.app_id):
        if row.get("object") == kind and row.get("active") is not False:
            names = (each.get("name") if isinstance(each, dict) else each for each in items(row.get("fields")))
            return str(row.get("callback_url") or ""), list(filter(None, map(text, names)))
    return "", []
