"""Account, template, number and other events of WhatsApp, in words; the unknown ones too."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.providers.base import Notice
from messaging.providers.clean import small, text

#: webhook field → sentence
SENTENCES: dict[str, Promise] = {
    "account_update": gettext_lazy("Cambió el estado de la cuenta de WhatsApp"),
    "account_review_update": gettext_lazy("Meta revisó la cuenta de WhatsApp"),
    "account_alerts": gettext_lazy("Aviso sobre la cuenta de WhatsApp"),
    "business_capability_update": gettext_lazy("Cambiaron los límites de la cuenta de WhatsApp"),
    "message_template_status_update": gettext_lazy("Cambió el estado de una plantilla"),
    "message_template_quality_update": gettext_lazy("Cambió la calidad de una plantilla"),
    "template_category_update": gettext_lazy("Cambió la categoría de una plantilla"),
    "phone_number_quality_update": gettext_lazy("Cambió la calidad o el límite del número"),
    "phone_number_name_update": gettext_lazy("Meta revisó el nombre visible del número"),
    "user_preferences": gettext_lazy("La persona cambió si acepta mensajes promocionales"),
    "security": gettext_lazy("Aviso de seguridad del número"),
    "history": gettext_lazy("Llegaron chats anteriores del teléfono"),
    "smb_app_state_sync": gettext_lazy("Llegaron contactos del teléfono"),
    "calls": gettext_lazy("Llamada de WhatsApp"),
    "group_lifecycle_update": gettext_lazy("Cambió un grupo de WhatsApp"),
    "group_participants_update": gettext_lazy("Cambiaron los participantes de un grupo de WhatsApp"),
    "group_settings_update": gettext_lazy("Cambió la configuración de un grupo de WhatsApp"),
}

#: what makes such an event worth reading, in the order of saying it
DETAILS = ("message_template_name", "display_phone_number", "event", "decision", "current_limit", "reason")


def notice_of(field: str, value: dict[str, Any], channel_ref: str, account_ref: str) -> Notice:
    """A change that carries no messages."""
    known = SENTENCES.get(field)
    sentence = str(known) if known else _("WhatsApp avisó algo que todavía no se interpreta")
    details = " · ".join(filter(None, (text(value.get(key), 200) for key in DETAILS)))
    return Notice(
        kind=field if known else "unknown",
        text=(f"{sentence}: {details}" if details else f"{sentence}.")[:500],
        payload={"field": field, "value": small(value)},
        channel_ref=channel_ref,
        account_ref=account_ref,
    )
