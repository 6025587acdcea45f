"""What an inbox of a Chatwoot account needs."""

from django.utils.translation import gettext_lazy as _

from messaging.providers.channel_config import ChannelConfig, ConfigField

CONFIG = ChannelConfig(
    fields=(
        ConfigField(
            "account_id",
            _("Número de la cuenta"),
            required=True,
            pattern=r"[0-9]{1,12}",
            help=_("El que sigue a «accounts» en la dirección de Chatwoot."),
        ),
        ConfigField(
            "inbox_id",
            _("Número de la bandeja de entrada"),
            required=True,
            pattern=r"[0-9]{1,12}",
            help=_("El que sigue a «inbox» en la dirección de Chatwoot al abrir la bandeja."),
        ),
    ),
    credentials=(("chatwoot", "BASE_URL"), ("chatwoot", "API_TOKEN")),
    account_field="inbox_id",  # of the whole server, so no two accounts share one
    server_secret=("chatwoot", "BASE_URL"),
)
