from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models.agent import Agent, AgentVersion
from agents.models.run import AgentRun
from config.lib.ids import uuid7


class TestCase(models.Model):
    """A chat that an agent has to get right before it is published.

    `turns` are what the customer writes, in order: [{"text"}]. `expects` says what must hold: {"calls": [tool], "avoids": [tool],
    "says": [text], "never_says": [text], "ends": "answered" | "handed_off"}. `scene` is who writes and what the agenda holds
    (agents.services.rehearsal.Setting). Nobody real is in a case: one made from a chat is masked first.
    """

    __test__ = False  # no test of ours, whatever pytest thinks of its name

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="test_cases", verbose_name=_("agente"))
    name = models.CharField(_("nombre"), max_length=160)
    turns = models.JSONField(_("lo que escribe el cliente"), default=list)
    expects = models.JSONField(_("lo que tiene que pasar"), default=dict)
    scene = models.JSONField(_("escena"), default=dict, blank=True)
    is_active = models.BooleanField(_("cuenta para publicar"), default=True)
    conversation_id = models.UUIDField(null=True, blank=True, db_index=True, editable=False)  # the real chat it is from
    created_by = models.CharField(_("hecho por"), max_length=160, blank=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiado"), auto_now=True)

    class Meta:
        verbose_name = _("caso de prueba")
        verbose_name_plural = _("casos de prueba")
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name


class TestResult(models.Model):
    """How one case went with one content of the agent. `fingerprint` is of the agent's snapshot and of the case together:
    a result says nothing about either once it was changed."""

    __test__ = False

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    case = models.ForeignKey(TestCase, models.CASCADE, related_name="results", verbose_name=_("caso"))
    fingerprint = models.CharField(max_length=64, db_index=True)
    passed = models.BooleanField(_("pasó"))
    failures = models.JSONField(_("qué falló"), default=list, blank=True)
    runs = models.ManyToManyField(AgentRun, related_name="+", blank=True, verbose_name=_("turnos"))
    cost_usd = models.DecimalField(_("costo USD"), max_digits=18, decimal_places=9, null=True, blank=True)
    created_at = models.DateTimeField(_("probado"), auto_now_add=True)

    class Meta:
        verbose_name = _("resultado de prueba")
        verbose_name_plural = _("resultados de pruebas")
        indexes = [models.Index(fields=["case", "-created_at"], name="result_recent")]

    def __str__(self) -> str:
        return f"{self.case_id} {'ok' if self.passed else 'x'}"


class TestCheck(models.Model):
    """A run of an agent's cases by the worker. With `publishes` the tested content goes out when it breaks nothing."""

    __test__ = False

    class State(models.TextChoices):
        RUNNING = "running", _("En curso")
        DONE = "done", _("Terminada")
        FAILED = "failed", _("No se pudo")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="test_checks", verbose_name=_("agente"))
    snapshot = models.JSONField(_("contenido"))
    total = models.PositiveIntegerField(_("casos"), default=0)
    anew = models.BooleanField(_("prueba todo otra vez"), default=False)  # also what is known
    publishes = models.BooleanField(_("publica al terminar"), default=False)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.RUNNING)
    error = models.CharField(_("error"), max_length=400, blank=True)
    version = models.ForeignKey(AgentVersion, models.SET_NULL, null=True, blank=True, related_name="+")
    by_kind = models.CharField(max_length=20)
    by_id = models.CharField(max_length=64, blank=True)
    by_label = models.CharField(_("pedida por"), max_length=160, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)  # a worker is at it; past: it died
    created_at = models.DateTimeField(_("pedida"), auto_now_add=True)
    finished_at = models.DateTimeField(_("terminada"), null=True, blank=True)

    class Meta:
        verbose_name = _("prueba de casos")
        verbose_name_plural = _("pruebas de casos")
        constraints = [
            models.UniqueConstraint(fields=["agent"], condition=models.Q(state="running"), name="testcheck_one")
        ]
        indexes = [models.Index(fields=["agent", "-created_at"], name="testcheck_recent")]

    def __str__(self) -> str:
        return f"{self.agent_id} {self.state}"
