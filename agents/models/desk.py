from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agents.models.agent import Agent
from config.lib.ids import uuid7


class Desk(models.Model):
    """Which agent has a chat, once triage gave it to one, and how urgent it is: both stay until something new is said."""

    class Urgency(models.TextChoices):
        EMERGENCY = "emergency", _("Emergencia: hoy")
        HIGH = "high", _("Alta: en 48 a 72 horas")
        NORMAL = "normal", _("Normal")
        LOW = "low", _("Baja")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation_id = models.UUIDField(unique=True)
    agent = models.ForeignKey(
        Agent, models.SET_NULL, null=True, blank=True, related_name="desks", verbose_name=_("agente")
    )
    intent = models.CharField(_("tema"), max_length=40, blank=True)
    hops = models.PositiveSmallIntegerField(_("cambios"), default=0)  # of agent, within a day, since a person had it
    reason = models.CharField(_("por qué"), max_length=40, blank=True)  # a code of agents.services.triage
    since = models.DateTimeField(_("desde"), default=timezone.now)  # when the agent got the chat
    urgency = models.CharField(_("urgencia"), max_length=10, choices=Urgency, blank=True)  # empty: nobody has judged
    urgency_by = models.CharField(_("la vio"), max_length=10, blank=True)  # rules, router or agent
    urgency_at = models.DateTimeField(_("vista"), null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("agente a cargo")
        verbose_name_plural = _("agentes a cargo")

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.agent_id}"


class ChatSummary(models.Model):
    """What was said before the lines that still fit into the model's window."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation_id = models.UUIDField(unique=True)
    upto_sequence = models.BigIntegerField(_("hasta el mensaje"))
    text = models.TextField(_("resumen"))
    updated_at = models.DateTimeField(_("hecho"), auto_now=True)

    class Meta:
        verbose_name = _("resumen de chat")
        verbose_name_plural = _("resúmenes de chats")

    def __str__(self) -> str:
        return f"{self.conversation_id} ≤{self.upto_sequence}"
