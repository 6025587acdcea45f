"""Account, template, number and other events of YCloud, under the names that Meta's have."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from messaging.providers.base import Notice
from messaging.providers.clean import identifier, mapping, phone, small, text
from messaging.providers.meta_direct import notices as meta

Json = dict[str, Any]

#: YCloud's event → Meta's field of the same meaning
SAME: dict[str, str] = {
    "whatsapp.template.reviewed": "message_template_status_update",
    "whatsapp.template.quality_updated": "message_template_quality_update",
    "whatsapp.template.category_updated": "template_category_update",
    "whatsapp.phone_number.quality_updated": "phone_number_quality_update",
    "whatsapp.phone_number.name_updated": "phone_number_name_update",
    "whatsapp.business_account.updated": "account_update",
    "whatsapp.business_account.reviewed": "account_review_update",
    "whatsapp.user.preferences": "user_preferences",
    "whatsapp.smb.history": "history",
    "whatsapp.smb.app.state.sync": "smb_app_state_sync",
}
#: what only YCloud has; a whole family by its beginning
OWN: dict[str, Promise] = {
    "whatsapp.phone_number.deleted": _("El número se quitó de YCloud"),
    "whatsapp.business_account.deleted": _("La cuenta de WhatsApp se quitó de YCloud"),
    "whatsapp.payment.": _("Cambió un pago de WhatsApp"),
    "whatsapp.call.": _("Llamada de WhatsApp"),
    "whatsapp.flow.": _("Cambió un formulario de WhatsApp"),
    "contact.": _("Cambió un contacto de la libreta de YCloud"),
}
#: keys of a template's object → Meta's
TEMPLATE = {
    "name": "message_template_name",
    "language": "message_template_language",
    "officialTemplateId": "message_template_id",
    "status": "event",
    "reason": "reason",
    "category": "new_category",
    "previousCategory": "previous_category",
    "qualityRating": "new_quality_score",
}
#: keys of a number's object → Meta's
NUMBER = {"phoneNumber": "display_phone_number", "qualityUpdateEvent": "event", "messagingLimit": "current_limit"}


def notice_of(kind: str, event: Json) -> Notice:
    """An event that carries no message."""
    inner = next(
        (one for key, one in event.items() if isinstance(one, dict) and key.startswith(("whatsapp", "contact"))), {}
    )
    account = identifier(inner.get("wabaId"))
    channel = phone(inner.get("phoneNumber")) or phone(inner.get("to")) or ""
    if kind in SAME:
        return meta.notice_of(SAME[kind], _renamed(kind, inner), channel, account)
    words = next((str(own) for begin, own in OWN.items() if kind.startswith(begin)), "")
    if not words:
        return meta.notice_of(kind, mapping(event), channel, account)
    return Notice(kind[:60], f"{words}.", {"field": kind, "value": small(inner)}, channel, account)


def _renamed(kind: str, inner: Json) -> Json:
    """The same object with Meta's names besides, for whoever reads those."""
    names = TEMPLATE if ".template." in kind else NUMBER if ".phone_number." in kind else {}
    made = {theirs: text(inner.get(ours), 300) for ours, theirs in names.items() if inner.get(ours)}
    return made | {key: value for key, value in inner.items() if key not in made}
