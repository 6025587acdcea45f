from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models.agent import Agent, AgentVersion
from config.lib.ids import uuid7


class AgentRun(models.Model):
    """One turn, traced: what was asked of the model, what it answered, what the tools did and what it cost."""

    class Status(models.TextChoices):
        RUNNING = "running", _("En curso")
        DONE = "done", _("Respondido")
        SUPERSEDED = "superseded", _("Reemplazado por mensajes nuevos")
        HANDED_OFF = "handed_off", _("Derivado a una persona")
        BLOCKED = "blocked", _("Frenado por seguridad")
        FAILED = "failed", _("Con error")

    class Purpose(models.TextChoices):
        TURN = "turn", _("Turno")
        PLAYGROUND = "playground", _("Prueba")
        TEST = "test", _("Caso de prueba")
        SUMMARY = "summary", _("Resumen")
        COPILOT = "copilot", _("Ayuda al escribir")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(_("para qué"), max_length=12, choices=Purpose, default=Purpose.TURN)
    conversation_id = models.UUIDField(_("conversación"), null=True, blank=True, db_index=True)  # null in a playground
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, related_name="runs", verbose_name=_("agente"))
    version = models.ForeignKey(AgentVersion, models.SET_NULL, null=True, related_name="+", verbose_name=_("versión"))
    turn_token = models.UUIDField(null=True, blank=True)
    upto_sequence = models.BigIntegerField(default=0)  # last message the turn has read
    status = models.CharField(_("estado"), max_length=12, choices=Status, default=Status.RUNNING)
    provider = models.CharField(_("proveedor"), max_length=20, blank=True)
    model = models.CharField(_("modelo"), max_length=80, blank=True)
    is_demo = models.BooleanField(_("demostración"), default=False)
    steps = models.JSONField(_("pasos"), default=list, blank=True)
    reply = models.TextField(_("respuesta"), blank=True)
    receipts = models.JSONField(_("comprobantes"), default=list, blank=True)
    flags = models.JSONField(_("avisos"), default=list, blank=True)
    triage = models.JSONField(
        _("reparto"), default=dict, blank=True
    )  # what the router read and why this agent answered
    prompt_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    cost_usd = models.DecimalField(_("costo USD"), max_digits=18, decimal_places=9, null=True, blank=True)  # exact
    latency_ms = models.PositiveIntegerField(_("milisegundos"), default=0)
    error = models.CharField(_("error"), max_length=400, blank=True)
    created_at = models.DateTimeField(_("hora"), auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    assessed = models.BooleanField(default=False, editable=False)  # the stretch of the chat it belongs to was judged

    class Meta:
        verbose_name = _("turno de agente")
        verbose_name_plural = _("turnos de agente")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation_id", "upto_sequence"],
                condition=models.Q(status="done", purpose="turn", conversation_id__isnull=False),
                name="run_one_reply",
            )
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="run_recent"),
            models.Index(
                fields=["conversation_id"],
                condition=models.Q(assessed=False, purpose="turn", conversation_id__isnull=False),
                name="run_unassessed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.status}"


class ToolCall(models.Model):
    """What a tool was asked and what it did. The key makes a repeated turn find the first result instead of acting twice."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, models.CASCADE, related_name="tool_calls", verbose_name=_("turno"))
    conversation_id = models.UUIDField(null=True, blank=True, db_index=True)
    key = models.CharField(max_length=120, unique=True)
    position = models.PositiveSmallIntegerField(default=0)
    tool = models.CharField(_("herramienta"), max_length=64)
    arguments = models.JSONField(_("argumentos"), default=dict)
    ok = models.BooleanField(_("funcionó"), default=False)
    result = models.JSONField(_("resultado"), default=dict)
    refusal = models.CharField(_("motivo de rechazo"), max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField(_("milisegundos"), default=0)
    back = models.JSONField(default=dict, blank=True)  # what undoing it needs: the values before and the rows it made
    undone_at = models.DateTimeField(_("deshecho"), null=True, blank=True)
    undone_by = models.CharField(_("deshecho por"), max_length=160, blank=True)
    created_at = models.DateTimeField(_("hora"), auto_now_add=True)

    class Meta:
        verbose_name = _("uso de herramienta")
        verbose_name_plural = _("usos de herramientas")
        ordering = ["created_at", "position"]
        indexes = [models.Index(fields=["tool", "-created_at", "-id"], name="call_of_tool")]

    def __str__(self) -> str:
        return self.tool


class AssistanceReport(models.Model):
    """What an agent reported about its own help, for honest dashboards."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey(AgentRun, models.CASCADE, related_name="reports", verbose_name=_("turno"))
    conversation_id = models.UUIDField(null=True, blank=True)
    kind = models.CharField(_("tipo"), max_length=10)  # sales, support
    score = models.DecimalField(_("puntaje"), max_digits=3, decimal_places=2)
    reasoning = models.TextField(_("razón"), blank=True)
    created_at = models.DateTimeField(_("hora"), auto_now_add=True)

    class Meta:
        verbose_name = _("informe de ayuda")
        verbose_name_plural = _("informes de ayuda")
        constraints = [
            models.CheckConstraint(condition=models.Q(score__gte=0, score__lte=1), name="report_score"),
            models.CheckConstraint(condition=models.Q(kind__in=["sales", "support"]), name="report_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.score}"
