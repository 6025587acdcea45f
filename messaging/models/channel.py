from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Provider(models.TextChoices):
    META_DIRECT = "meta_direct", "Meta"
    YCLOUD = "ycloud", "YCloud"
    CHATWOOT = "chatwoot", "Chatwoot"
    WEB = "web", _("Web")


class Source(models.TextChoices):
    WHATSAPP = "whatsapp", "WhatsApp"
    INSTAGRAM = "instagram", "Instagram"
    FACEBOOK = "facebook", "Facebook"
    WEB = "web", _("Chat web")


class Channel(models.Model):
    """An address customers write to: a WhatsApp number, a page, a web chat."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Falta el primer mensaje")
        CONNECTED = "connected", _("Conectado")
        NEEDS_RECONNECT = "needs_reconnect", _("Hay que reconectar")
        DISABLED = "disabled", _("Apagado")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(_("proveedor"), max_length=20, choices=Provider)
    channel_source = models.CharField(_("canal"), max_length=20, choices=Source)
    name = models.CharField(_("nombre"), max_length=120)
    config = models.JSONField(_("datos"), default=dict, blank=True)
    status = models.CharField(_("estado"), max_length=20, choices=Status, default=Status.PENDING)
    status_detail = models.CharField(_("detalle"), max_length=300, blank=True)
    route_key = models.CharField(_("clave de ruta"), max_length=64, unique=True)
    last_webhook_at = models.DateTimeField(_("último aviso"), null=True, blank=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    class Meta:
        verbose_name = _("canal")
        verbose_name_plural = _("canales")
        ordering = ["created_at"]

    def __str__(self) -> str:
        return self.name


class ChannelIdentity(models.Model):
    """How a channel calls a contact. One person may have several; any of them may be the only one known."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="identities", verbose_name=_("canal"))
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="identities", verbose_name=_("contacto"))
    kind = models.CharField(_("tipo"), max_length=20)  # wa_id, bsuid, parent_bsuid, visitor, psid, igsid
    external_id = models.CharField(_("id externo"), max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("identidad en un canal")
        verbose_name_plural = _("identidades en canales")
        constraints = [models.UniqueConstraint(fields=["channel", "kind", "external_id"], name="identity_once")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.external_id}"
