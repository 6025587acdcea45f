from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from messaging.models.channel import Channel
from messaging.models.conversation import Conversation


class MessageStatus(models.TextChoices):
    RECEIVED = "received", _("Recibido")
    QUEUED = "queued", _("En cola")
    SENDING = "sending", _("Enviando")
    SENT = "sent", _("Enviado")
    DELIVERED = "delivered", _("Entregado")
    READ = "read", _("Leído")
    FAILED = "failed", _("No se envió")
    UNKNOWN = "unknown", _("Sin confirmar")
    CANCELLED = "cancelled", _("Cancelado")


class Message(models.Model):
    """One bubble, in or out."""

    class Direction(models.TextChoices):
        IN = "in", _("Entrante")
        OUT = "out", _("Saliente")

    class Author(models.TextChoices):
        CONTACT = "contact", _("Contacto")
        AGENT = "agent", "IA"
        USER = "user", _("Persona")
        SYSTEM = "system", _("Sistema")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="messages", verbose_name=_("conversación")
    )
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+", verbose_name=_("canal"))
    direction = models.CharField(_("sentido"), max_length=3, choices=Direction)
    author = models.CharField(_("autor"), max_length=10, choices=Author)
    author_user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    author_name = models.CharField(_("nombre"), max_length=160, blank=True)
    agent_run_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(_("tipo"), max_length=20, default="text")
    text = models.TextField(_("texto"), blank=True)
    payload = models.JSONField(default=dict, blank=True)
    cause = models.CharField(_("causa"), max_length=200, blank=True)  # why an automatic message was written
    status = models.CharField(_("estado"), max_length=10, choices=MessageStatus)
    provider_message_id = models.CharField(max_length=200, null=True, blank=True)
    # The replacement channel that carried it, when the conversation's own could not.
    sent_via = models.ForeignKey(Channel, models.SET_NULL, null=True, blank=True, related_name="+")
    reply_to = models.CharField(max_length=200, blank=True)
    sequence = models.BigIntegerField(_("orden"))
    idempotency_key = models.CharField(max_length=120, null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    sending_since = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("intentos"), default=0)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(_("error"), max_length=400, blank=True)
    provider_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("hora"), auto_now_add=True)

    class Meta:
        verbose_name = _("mensaje")
        verbose_name_plural = _("mensajes")
        constraints = [
            models.UniqueConstraint(fields=["channel", "provider_message_id"], name="message_once"),
            models.UniqueConstraint(fields=["conversation", "sequence"], name="message_sequence"),
            models.UniqueConstraint(fields=["conversation", "idempotency_key"], name="message_idempotent"),
            models.CheckConstraint(condition=models.Q(status__in=MessageStatus.values), name="message_status"),
        ]
        indexes = [
            models.Index(
                fields=["not_before"], condition=models.Q(status__in=["queued", "sending"]), name="message_outgoing"
            ),
            models.Index(
                fields=["-created_at"], condition=models.Q(status__in=["failed", "unknown"]), name="message_dead"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Attachment(models.Model):
    """A file of a message, stored in the company's folder and served through the gate."""

    class State(models.TextChoices):
        PENDING = "pending", _("Descargando")
        READY = "ready", _("Listo")
        FAILED = "failed", _("No se pudo descargar")

    class Hearing(models.TextChoices):
        NONE = "none", _("No hace falta")
        PENDING = "pending", _("Escuchando")
        READY = "ready", _("Lista")
        FAILED = "failed", _("No se pudo")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments", verbose_name=_("mensaje"))
    kind = models.CharField(_("tipo"), max_length=20)
    mime = models.CharField(max_length=120, blank=True)
    filename = models.CharField(_("archivo"), max_length=240, blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    provider_media_id = models.CharField(max_length=300, blank=True)
    link = models.CharField(max_length=2000, blank=True)  # where the provider serves it, often for minutes only
    thumbnail = models.CharField(max_length=300, blank=True)  # path below the company's folder
    sha256 = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("estado"), max_length=8, choices=State, default=State.PENDING)
    error = models.CharField(_("error"), max_length=300, blank=True)
    file = models.CharField(max_length=300, blank=True)  # path below the company's folder
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # What is said in a voice note or an audio
    hearing = models.CharField(_("transcripción"), max_length=8, choices=Hearing, default=Hearing.NONE)
    transcript = models.TextField(_("texto de la nota de voz"), blank=True)
    language = models.CharField(_("idioma"), max_length=12, blank=True)
    seconds = models.DecimalField(_("duración (s)"), max_digits=8, decimal_places=2, null=True, blank=True)
    cost_usd = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    hearing_error = models.CharField(max_length=300, blank=True)
    hearing_attempts = models.PositiveSmallIntegerField(default=0)
    hear_at = models.DateTimeField(null=True, blank=True)  # when it is listened to next
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("adjunto")
        verbose_name_plural = _("adjuntos")
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=models.Q(state="pending"), name="attachment_pending"),
            models.Index(fields=["hear_at"], condition=models.Q(hearing="pending"), name="attachment_to_hear"),
        ]

    def __str__(self) -> str:
        return self.filename or self.kind


class PendingStatus(models.Model):
    """A delivery notice that came before its message was known by the provider's id. Joined when the id arrives."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="+")
    provider_message_id = models.CharField(max_length=200)
    status = models.CharField(max_length=10)
    at = models.DateTimeField()
    client_ref = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error = models.CharField(max_length=400, blank=True)
    pricing = models.JSONField(default=dict, blank=True)  # what the provider said of its fee
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("aviso por unir")
        verbose_name_plural = _("avisos por unir")
        constraints = [
            models.UniqueConstraint(fields=["channel", "provider_message_id", "status"], name="pendingstatus_once")
        ]

    def __str__(self) -> str:
        return f"{self.provider_message_id} {self.status}"


class ProviderNotice(models.Model):
    """Something a provider said that is no message: account and template news, and what nobody understood. Visible."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    channel = models.ForeignKey(Channel, models.CASCADE, null=True, related_name="notices", verbose_name=_("canal"))
    event_id = models.BigIntegerField()
    position = models.PositiveIntegerField(default=0)
    kind = models.CharField(_("tipo"), max_length=60)
    text = models.CharField(_("texto"), max_length=500, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("hora"), auto_now_add=True)

    class Meta:
        verbose_name = _("aviso del proveedor")
        verbose_name_plural = _("avisos del proveedor")
        constraints = [models.UniqueConstraint(fields=["event_id", "position"], name="notice_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.text}"
