"""What a web chat needs: the sites it may be shown on."""

from django.utils.translation import gettext_lazy as _

from messaging.providers.channel_config import ChannelConfig, ConfigField

CONFIG = ChannelConfig(
    fields=(
        ConfigField(
            "allowed_domains",
            _("Sitios permitidos"),
            pattern=r"(https?://)?(\*\.)?[A-Za-z0-9\-.\[\]:]{1,253}",
            help=_("Un dominio por línea, por ejemplo tienda.com o *.tienda.com."),
            many=True,
        ),
    ),
)
