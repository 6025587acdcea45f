from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from messaging.models.channel import Channel


class MessageTemplate(models.Model):
    """A message that WhatsApp approves beforehand: written here or at the provider, the only way to write outside 24 hours."""

    class Category(models.TextChoices):
        MARKETING = "marketing", _("Promoción")
        UTILITY = "utility", _("Servicio")
        AUTHENTICATION = "authentication", _("Código de acceso")

    class Status(models.TextChoices):
        DRAFT = "draft", _("Borrador")
        PENDING = "pending", _("En revisión")
        APPROVED = "approved", _("Aprobada")
        REJECTED = "rejected", _("Rechazada")
        PAUSED = "paused", _("En pausa")
        DISABLED = "disabled", _("Deshabilitada")
        GONE = "gone", _("Ya no existe")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="templates", verbose_name=_("canal"))
    name = models.CharField(_("nombre"), max_length=512)
    language = models.CharField(_("idioma"), max_length=15)
    category = models.CharField(_("categoría"), max_length=20, choices=Category)
    components = models.JSONField(_("partes"), default=list)  # the provider's own form: HEADER, BODY, FOOTER, BUTTONS
    values = models.JSONField(
        _("datos"), default=list, blank=True
    )  # what fills {{1}}, {{2}}…: words with {{contact.name}}
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.DRAFT)
    reason = models.CharField(_("motivo"), max_length=500, blank=True)  # of a refusal or a pause, in words
    quality = models.CharField(_("calidad"), max_length=20, blank=True)
    provider_template_id = models.CharField(max_length=64, blank=True)
    submit_error = models.CharField(max_length=400, blank=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("plantilla")
        verbose_name_plural = _("plantillas")
        ordering = ["name", "language"]
        constraints = [models.UniqueConstraint(fields=["channel", "name", "language"], name="template_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"
