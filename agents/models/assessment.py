from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models.agent import Agent
from config.lib.ids import uuid7


class Assessment(models.Model):
    """How one stretch of a chat in which an agent answered ended, read from facts; a person may put it right.

    A stretch begins with a customer's message that an agent answered and ends when the chat is closed or silent. Silence
    after an answer says nothing, so it is "unknown", never a success. What a person said wins everywhere.
    """

    class Outcome(models.TextChoices):
        RESOLVED = "resolved", _("Resuelto")
        HANDED_OVER = "handed_over", _("Derivado a una persona")
        UNRESOLVED = "unresolved", _("Sin resolver")
        UNKNOWN = "unknown", _("No se sabe")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    conversation_id = models.UUIDField()
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="+", verbose_name=_("agente"))
    first_sequence = models.BigIntegerField()  # first and last message of the stretch
    last_sequence = models.BigIntegerField()
    began_at = models.DateTimeField(_("empezó"))
    ended_at = models.DateTimeField(_("terminó"))
    outcome = models.CharField(_("resultado"), max_length=12, choices=Outcome)
    reason = models.CharField(_("por qué"), max_length=20, blank=True)  # the code that decided
    facts = models.JSONField(_("hechos"), default=list, blank=True)  # codes of everything that was seen
    response_seconds = models.PositiveIntegerField(_("primera respuesta (s)"), null=True, blank=True)  # of the agent
    reported = models.DecimalField(_("según el agente"), max_digits=3, decimal_places=2, null=True, blank=True)
    corrected = models.CharField(_("corregido"), max_length=12, choices=Outcome, blank=True)
    corrected_note = models.CharField(_("nota"), max_length=300, blank=True)
    corrected_by = models.CharField(_("corregido por"), max_length=160, blank=True)
    corrected_at = models.DateTimeField(_("corregido"), null=True, blank=True)
    final = models.GeneratedField(
        expression=models.Case(models.When(corrected="", then=models.F("outcome")), default=models.F("corrected")),
        output_field=models.CharField(_("resultado final"), max_length=12, choices=Outcome),
        db_persist=True,
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("resultado de una atención")
        verbose_name_plural = _("resultados de atención")
        constraints = [
            models.UniqueConstraint(fields=["conversation_id", "first_sequence"], name="assessment_once"),
            models.CheckConstraint(
                condition=models.Q(reported__isnull=True) | models.Q(reported__gte=0, reported__lte=1),
                name="assessment_reported",
            ),
        ]
        indexes = [models.Index(fields=["-ended_at", "-id"], name="assessment_recent")]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.outcome}"

    @property
    def final_words(self) -> str:
        """What is true of it now, as people read it: Django makes no such words of a generated column."""
        return str(self.Outcome(self.final).label)
