from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Agent(models.Model):
    """A working copy that people edit. What answers customers is the published version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("nombre"), max_length=80)
    role = models.CharField(_("función"), max_length=200, blank=True)
    model_provider = models.CharField(_("proveedor"), max_length=20, default="demo")  # openai, google, custom, demo
    model_version = models.CharField(_("modelo"), max_length=80, blank=True)
    temperature = models.DecimalField(_("temperatura"), max_digits=3, decimal_places=2, default=0.5)
    system_prompt_template = models.TextField(_("instrucciones"), blank=True)
    enabled_tools = models.JSONField(_("herramientas"), default=list, blank=True)
    channels = models.JSONField(_("canales"), default=list, blank=True)  # channel_source values
    config = models.JSONField(
        _("ajustes"), default=dict, blank=True
    )  # tone, rules, dictionary, fallback_model, side_model, base_url
    template_type = models.CharField(_("plantilla"), max_length=20, blank=True)
    is_active = models.BooleanField(_("activo"), default=True)
    priority = models.PositiveSmallIntegerField(_("prioridad"), default=100)  # the lowest answers where several could
    published = models.ForeignKey(
        "agents.AgentVersion", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("publicada")
    )
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiado"), auto_now=True)

    class Meta:
        verbose_name = _("agente")
        verbose_name_plural = _("agentes")
        ordering = ["priority", "created_at"]

    def __str__(self) -> str:
        return self.name


class AgentVersion(models.Model):
    """What was published, whole, so that it can be compared and put back."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, models.CASCADE, related_name="versions", verbose_name=_("agente"))
    number = models.PositiveIntegerField(_("versión"))
    snapshot = models.JSONField(_("contenido"))
    published_by = models.CharField(_("publicada por"), max_length=160, blank=True)
    created_at = models.DateTimeField(_("publicada"), auto_now_add=True)

    class Meta:
        verbose_name = _("versión de agente")
        verbose_name_plural = _("versiones de agente")
        constraints = [models.UniqueConstraint(fields=["agent", "number"], name="agentversion_once")]

    def __str__(self) -> str:
        return f"{self.agent_id} v{self.number}"
