"""What a WhatsApp number, a page and an Instagram account at Meta need."""

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
        ConfigField(
            "coexistence",
            _("El número también se usa en la app WhatsApp Business"),
            help=_("Meta permite entonces menos mensajes por segundo."),
            flag=True,
        ),
    ),
    credentials=(("whatsapp_cloud", "ACCESS_TOKEN"), ("meta", "APP_SECRET"), ("meta", "VERIFY_TOKEN")),
    account_field="phone_number_id",
)

FACEBOOK = ChannelConfig(
    fields=(
        ConfigField(
            "page_id",
            _("Identificador de la página"),
            required=True,
            pattern=r"[0-9]{1,40}",
            help=_("El número que Meta muestra en la información de la página."),
        ),
    ),
    credentials=(("facebook", "PAGE_ACCESS_TOKEN"), ("meta", "APP_SECRET"), ("meta", "VERIFY_TOKEN")),
    account_field="page_id",
)

INSTAGRAM = ChannelConfig(
    fields=(
        ConfigField(
            "ig_user_id",
            _("Identificador de la cuenta de Instagram"),
            required=True,
            pattern=r"[0-9]{1,40}",
            help=_("El de la cuenta profesional, un número; no es el nombre de usuario."),
        ),
        ConfigField(
            "page_id",
            _("Página de Facebook vinculada"),
            pattern=r"[0-9]{1,40}",
            help=_("Solo si la conexión se hizo por Facebook; vacío si se hizo por Instagram."),
        ),
    ),
    credentials=(("instagram", "ACCESS_TOKEN"), ("meta", "APP_SECRET"), ("meta", "VERIFY_TOKEN")),
    account_field="ig_user_id",
)
