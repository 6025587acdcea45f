from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from messaging.models.channel import Channel, Provider, Source


class Conversation(models.Model):
    """Everything said with one contact over one channel, who has it now, and when the next turn is due."""

    class Status(models.TextChoices):
        OPEN = "open", _("Abierta")
        SNOOZED = "snoozed", _("Pospuesta")
        CLOSED = "closed", _("Cerrada")

    class Mode(models.TextChoices):
        AI = "ai", "IA"
        HUMAN = "human", _("Persona")
        PAUSED = "paused", _("En pausa")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="conversations", verbose_name=_("contacto"))
    channel = models.ForeignKey(Channel, models.CASCADE, related_name="conversations", verbose_name=_("canal"))
    # The contact it came from when two were united: one person may write to a channel from two addresses.
    merged_from = models.UUIDField(null=True, blank=True)
    channel_source = models.CharField(_("canal"), max_length=20, choices=Source)
    provider = models.CharField(_("proveedor"), max_length=20, choices=Provider)
    address_kind = models.CharField(max_length=20, blank=True)
    address = models.CharField(_("dirección"), max_length=200, blank=True)  # where a reply goes: wa_id, bsuid, visitor…
    external_chatwoot_id = models.CharField(max_length=64, blank=True)
    external_account_id = models.CharField(max_length=64, blank=True)
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.OPEN)
    mode = models.CharField(_("quién responde"), max_length=8, choices=Mode, default=Mode.AI)
    mode_reason = models.CharField(_("motivo"), max_length=300, blank=True)
    human_override_until = models.DateTimeField(_("en manos de una persona hasta"), null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asignada a")
    )
    last_message_preview = models.CharField(_("último mensaje"), max_length=160, blank=True)
    last_message_author = models.CharField(max_length=10, blank=True)
    last_message_at = models.DateTimeField(_("hora"), null=True, blank=True)
    last_inbound_at = models.DateTimeField(_("último del contacto"), null=True, blank=True)
    unread_count = models.PositiveIntegerField(_("sin leer"), default=0)
    sequence = models.BigIntegerField(default=0)  # last number given to a message
    waiting_since = models.DateTimeField(null=True, blank=True)  # first customer message nobody has answered
    # The next turn of an agent
    reply_due_at = models.DateTimeField(null=True, blank=True)
    reply_first_at = models.DateTimeField(null=True, blank=True)
    reply_sequence = models.BigIntegerField(default=0)  # last customer message that wants an answer
    turn_upto = models.BigIntegerField(default=0)  # what the running turn has read
    turn_token = models.UUIDField(null=True, blank=True)  # fencing: only the holder may reply
    turn_until = models.DateTimeField(null=True, blank=True)
    turn_failures = models.PositiveSmallIntegerField(default=0)
    handoff_token = models.UUIDField(null=True, blank=True)  # the turn that handed over may still say its last words
    # The next bubble
    next_send_at = models.DateTimeField(null=True, blank=True)
    pair_full_at = models.DateTimeField(null=True, blank=True)  # when the pair limit's budget is whole again
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)

    class Meta:
        verbose_name = _("conversación")
        verbose_name_plural = _("conversaciones")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "contact", "merged_from"], name="conversation_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index(fields=["-last_message_at", "-id"], name="conversation_recent"),
            models.Index(fields=["contact"], name="conversation_contact"),
            models.Index(
                fields=["waiting_since", "id"],
                condition=models.Q(waiting_since__isnull=False),
                name="conversation_waiting",
            ),
            models.Index(
                fields=["reply_due_at"], condition=models.Q(reply_due_at__isnull=False), name="conversation_turn_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel_source} {self.id}"
