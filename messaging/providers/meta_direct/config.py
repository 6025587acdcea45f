"""What a WhatsApp number at Meta needs."""

from django.utils.translation import gettext_lazy as _

from messaging.providers.channel_config import ChannelConfig, ConfigField

CONFIG = ChannelConfig(
    fields=(
        ConfigField(
            "phone_number_id",
            _("Identificador del número"),
            required=True,
            pattern=r"[0-9]{1,40}",
            help=_("El «phone number ID» que muestra Meta; no es el número de teléfono."),
        ),
        ConfigField("waba_id", _("Identificador de la cuenta de WhatsApp"), pattern=r"[0-9]{1,40}"),
        ConfigField("display_phone_number", _("Número visible"), pattern=r"[+0-9 ()\-.]{5,40}"),
    ),
    credentials=(("whatsapp_cloud", "ACCESS_TOKEN"), ("meta", "APP_SECRET"), ("meta", "VERIFY_TOKEN")),
    account_field="phone_number_id",
)
