from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models.run import AgentRun
from config.lib.ids import uuid7


class Question(models.Model):
    """What an agent asked the team in the middle of a chat that it keeps, and what a colleague answered.

    `told_at`: a turn that knew the answer spoke to the customer. `untold` says why the agent does not tell it: the answer
    came when nobody waited for it any more, or a person got the chat before it was told.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Espera respuesta")
        ANSWERED = "answered", _("Respondida")
        EXPIRED = "expired", _("Sin respuesta a tiempo")
        DROPPED = "dropped", _("Ya no hacía falta")  # its time passed while a person had the chat, or it was closed

    class Untold(models.TextChoices):
        PERSON = "person", _("El chat lo tiene una persona.")
        LATE = "late", _("Llegó después del plazo, cuando el chat ya no la esperaba.")
        CLOSED = "closed", _("El chat está cerrado: se lo cuenta si vuelve a escribir dentro de 7 días.")
        WINDOW = "window", _("Pasó el plazo en que el canal permite escribir.")
        BLOCKED = "blocked", _("No se le puede escribir: está bloqueado o pidió no recibir mensajes.")
        NOBODY = "nobody", _("Ningún agente responde ahora en este canal.")
        BUDGET = "budget", _("Se alcanzó el tope de gasto de IA de hoy.")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, models.CASCADE, related_name="questions", verbose_name=_("turno"))
    conversation_id = models.UUIDField()
    question = models.CharField(_("pregunta"), max_length=400)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.WAITING)
    asked_at = models.DateTimeField(_("preguntada"), auto_now_add=True)
    expires_at = models.DateTimeField(_("vence"))
    answer = models.TextField(_("respuesta"), blank=True)
    answered_by = models.CharField(_("respondió"), max_length=160, blank=True)
    answered_at = models.DateTimeField(_("respondida"), null=True, blank=True)
    sequence = models.BigIntegerField(null=True, blank=True)  # the line of the chat that the answer is
    untold = models.CharField(_("por qué no se contó"), max_length=10, choices=Untold, blank=True)
    told_at = models.DateTimeField(_("se contó"), null=True, blank=True)

    class Meta:
        verbose_name = _("pregunta al equipo")
        verbose_name_plural = _("preguntas al equipo")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="answered") | models.Q(answered_at__isnull=False), name="question_answered"
            )
        ]
        indexes = [
            models.Index(fields=["conversation_id", "-asked_at"], name="question_chat"),
            models.Index(fields=["-asked_at", "-id"], name="question_recent"),
            models.Index(fields=["expires_at"], name="question_waiting", condition=models.Q(state="waiting")),
            models.Index(
                fields=["conversation_id"],
                name="question_to_tell",
                condition=models.Q(answered_at__isnull=False, told_at__isnull=True, untold__in=("", "closed")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.question[:60]} {self.state}"
