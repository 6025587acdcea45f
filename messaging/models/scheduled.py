from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from messaging.models.conversation import Conversation
from messaging.models.message import Message


class ScheduledMessage(models.Model):
    """Something a person of the team will say later. It becomes messages when its time comes, or says why it did not."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Programado")
        SENT = "sent", _("Enviado")
        CANCELLED = "cancelled", _("Cancelado")
        FAILED = "failed", _("No se envió")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="scheduled", verbose_name=_("conversación")
    )
    text = models.TextField(_("texto"), blank=True)
    template = models.JSONField(_("plantilla"), null=True, blank=True)  # as Message.payload["template"], with its text
    send_at = models.DateTimeField(_("cuándo"))
    stop_on_reply = models.BooleanField(_("no enviar si el contacto escribe antes"), default=True)
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.WAITING)
    reason = models.CharField(_("motivo"), max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    by_label = models.CharField(max_length=160, blank=True)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, blank=True, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    class Meta:
        verbose_name = _("mensaje programado")
        verbose_name_plural = _("mensajes programados")
        indexes = [
            models.Index(fields=["send_at"], condition=models.Q(status="waiting"), name="scheduled_due"),
            models.Index(fields=["conversation", "send_at"], name="scheduled_conversation"),
        ]

    def __str__(self) -> str:
        return self.text[:60]
