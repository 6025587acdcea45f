from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class StageKind(models.TextChoices):
    OPEN = "open", _("Abierta")
    WON = "won", _("Ganada")
    LOST = "lost", _("Perdida")


class Stage(models.Model):
    """A step of the pipeline. The only status a lead has."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    code = models.SlugField(_("código"), max_length=40, unique=True)
    name = models.CharField(_("nombre"), max_length=80)
    kind = models.CharField(_("tipo"), max_length=8, choices=StageKind, default=StageKind.OPEN)
    position = models.PositiveIntegerField(_("orden"), default=0)
    is_initial = models.BooleanField(_("inicial"), default=False)

    class Meta:
        verbose_name = _("etapa")
        verbose_name_plural = _("etapas")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_initial"], condition=models.Q(is_initial=True), name="stage_one_initial"
            ),
            models.CheckConstraint(condition=models.Q(kind__in=StageKind.values), name="stage_kind"),
        ]

    def __str__(self) -> str:
        return self.name


class StageTransition(models.Model):
    """A permitted step. A stage without any transition out of it is an end."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Stage, models.CASCADE, related_name="ways_out", verbose_name=_("desde"))
    target = models.ForeignKey(Stage, models.CASCADE, related_name="ways_in", verbose_name=_("hasta"))

    class Meta:
        verbose_name = _("paso permitido")
        verbose_name_plural = _("pasos permitidos")
        constraints = [models.UniqueConstraint(fields=["source", "target"], name="transition_once")]

    def __str__(self) -> str:
        return f"{self.source_id} → {self.target_id}"


class StageChange(models.Model):
    """History: who moved a lead, when and why."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="stage_changes", verbose_name=_("lead"))
    source = models.ForeignKey(Stage, models.PROTECT, related_name="+", null=True, verbose_name=_("desde"))
    target = models.ForeignKey(Stage, models.PROTECT, related_name="+", verbose_name=_("hasta"))
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    reason = models.CharField(_("motivo"), max_length=300, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)

    class Meta:
        verbose_name = _("cambio de etapa")
        verbose_name_plural = _("cambios de etapa")
        indexes = [models.Index(fields=["lead", "-at"], name="stagechange_lead")]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.target_id}"
