from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from tenants.sealed import SealedText


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
    # What the provider said of the account at the last look: verified name, quality, limits, subscribed fields…
    facts = models.JSONField(_("lo que informa el proveedor"), default=dict, blank=True)
    checked_at = models.DateTimeField(_("última prueba"), null=True, blank=True)
    token_expires_at = models.DateTimeField(_("la conexión vence"), null=True, blank=True)
    expiry_warned_days = models.PositiveSmallIntegerField(null=True, blank=True)  # 14, 7 or 1: the last warning given
    # The circuit breaker: after several failures in a row nothing is tried until then.
    failures = models.PositiveSmallIntegerField(default=0)
    resting_until = models.DateTimeField(null=True, blank=True)
    fallback = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("canal de reemplazo")
    )
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
    kind = models.CharField(_("tipo"), max_length=20)  # wa_id, bsuid, parent_bsuid, visitor, psid, igsid, chatwoot
    external_id = models.CharField(_("id externo"), max_length=200)
    username = models.CharField(
        _("usuario"), max_length=160, blank=True
    )  # as shown; people rename, so never an identity
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("identidad en un canal")
        verbose_name_plural = _("identidades en canales")
        constraints = [models.UniqueConstraint(fields=["channel", "kind", "external_id"], name="identity_once")]
        indexes = [models.Index(fields=["username"], condition=~models.Q(username=""), name="identity_username")]

    def __str__(self) -> str:
        return f"{self.kind}:{self.external_id}"


class MetaLogin(models.Model):
    """What a sign-in at Meta found, until its pages and numbers are chosen. Forgotten after an hour."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel_source = models.CharField(_("canal"), max_length=20, choices=Source)
    token = SealedText()
    token_expires_at = models.DateTimeField(null=True, blank=True)
    found = models.JSONField(default=list)  # [{"kind", "id", "name", "detail", …}], never a token
    page_tokens = SealedText(default="")  # JSON: page id → its own token
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("conexión con Meta sin terminar")
        verbose_name_plural = _("conexiones con Meta sin terminar")

    def __str__(self) -> str:
        return f"{self.channel_source} {self.created_at:%Y-%m-%d %H:%M}"
