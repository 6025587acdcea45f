from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Confirmation(models.TextChoices):
    NONE = "none", _("Sin confirmación")
    CUSTOMER = "customer", _("El cliente la confirma en el chat")
    PERSON = "person", _("La aprueba alguien del equipo")


class Tool(models.Model):
    """A tool of the company's own, or what the company changed about one of the platform's (same `name`).

    `prompt_injection` tells the agent how to use it, `response_guide` how to tell the customer what it gave. For `http`:
    `service_url` is called with the arguments that fit `parameters`; `config` holds method, headers, timeout, and names
    secrets of the vault, never their values.
    """

    class Kind(models.TextChoices):
        INTERNAL = "internal", _("De la plataforma")
        HTTP = "http", _("Servicio propio")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("nombre"), max_length=64, unique=True)
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind)
    label = models.CharField(_("título"), max_length=120, blank=True)
    description = models.TextField(_("qué hace"), blank=True)
    prompt_injection = models.TextField(_("cuándo y cómo usarla"), blank=True)
    response_guide = models.TextField(_("cómo contar el resultado"), blank=True)
    parameters = models.JSONField(_("argumentos"), default=dict, blank=True)
    config = models.JSONField(_("ajustes"), default=dict, blank=True)
    service_url = models.CharField(_("dirección"), max_length=500, blank=True)
    writes = models.BooleanField(_("cambia algo"), default=True)
    confirmation = models.CharField(_("confirmación"), max_length=10, choices=Confirmation, default=Confirmation.NONE)
    is_active = models.BooleanField(_("activa"), default=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiada"), auto_now=True)

    class Meta:
        verbose_name = _("herramienta")
        verbose_name_plural = _("herramientas")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.label or self.name


OPEN = ("waiting", "approved", "running")


class PendingAct(models.Model):
    """What an agent proposed and somebody has to allow first: the customer in the chat, or a person of the team."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Espera")
        APPROVED = "approved", _("Aprobado, por hacerse")
        RUNNING = "running", _("En curso")
        DONE = "done", _("Hecho")
        FAILED = "failed", _("No se pudo")
        REFUSED = "refused", _("Rechazado")
        EXPIRED = "expired", _("Venció")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    run = models.ForeignKey("agents.AgentRun", models.CASCADE, related_name="pending_acts", verbose_name=_("turno"))
    conversation_id = models.UUIDField(db_index=True)
    contact_id = models.UUIDField()  # whom it is about: it is not made once the chat is somebody else's
    key = models.CharField(max_length=120, unique=True)  # of the ToolCall that it becomes: proposed once, made once
    tool = models.CharField(_("herramienta"), max_length=64)
    arguments = models.JSONField(_("argumentos"), default=dict)
    level = models.CharField(_("confirmación"), max_length=10, choices=Confirmation)
    state = models.CharField(_("estado"), max_length=10, choices=State, default=State.WAITING)
    upto_sequence = models.BigIntegerField(default=0)  # last message of the turn that proposed it
    outcome = models.CharField(_("resultado"), max_length=300, blank=True)
    decided_by = models.CharField(_("decidió"), max_length=160, blank=True)
    created_at = models.DateTimeField(_("propuesto"), auto_now_add=True)
    expires_at = models.DateTimeField(_("vence"))
    decided_at = models.DateTimeField(_("decidido"), null=True, blank=True)

    class Meta:
        verbose_name = _("acto por confirmar")
        verbose_name_plural = _("actos por confirmar")
        indexes = [models.Index(fields=["expires_at"], name="act_waiting", condition=models.Q(state__in=OPEN))]

    def __str__(self) -> str:
        return f"{self.tool} {self.state}"
