"""What a WhatsApp number at YCloud needs."""

from django.utils.translation import gettext_lazy as _

from messaging.providers.channel_config import ChannelConfig, ConfigField

CONFIG = ChannelConfig(
    fields=(
        ConfigField(
            "phone_number",
            _("Número de WhatsApp"),
            required=True,
            pattern=r"\+[1-9][0-9]{6,14}",
            help=_("Con el signo más y el país, como lo muestra YCloud: +5491155550000."),
        ),
        ConfigField("waba_id", _("Identificador de la cuenta de WhatsApp"), pattern=r"[0-9]{1,40}"),
    ),
    credentials=(("ycloud", "API_KEY"), ("ycloud", "WEBHOOK_SECRET")),
    account_field="phone_number",
)
