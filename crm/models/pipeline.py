from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class StageKind(models.TextChoices):
    OPEN = "open", _("Abierta")
    WON = "won", _("Ganada")
    LOST = "lost", _("Perdida")


class Pipeline(models.Model):
    """A way of selling: its stages, and the words the company uses for what goes through them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("nombre"), max_length=80)
    noun = models.CharField(_("cómo se llama uno"), max_length=40, blank=True)  # "oportunidad"; empty = "lead"
    nouns = models.CharField(_("cómo se llaman varios"), max_length=40, blank=True)
    position = models.PositiveIntegerField(_("orden"), default=0)
    is_default = models.BooleanField(_("principal"), default=False)
    is_active = models.BooleanField(_("activo"), default=True)

    class Meta:
        verbose_name = _("embudo")
        verbose_name_plural = _("embudos")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="pipeline_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Stage(models.Model):
    """A step of a pipeline. The only status a lead has."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="stages", verbose_name=_("embudo"))
    code = models.SlugField(_("código"), max_length=40, unique=True)
    name = models.CharField(_("nombre"), max_length=80)
    kind = models.CharField(_("tipo"), max_length=8, choices=StageKind, default=StageKind.OPEN)
    position = models.PositiveIntegerField(_("orden"), default=0)
    is_initial = models.BooleanField(_("inicial"), default=False)
    color = models.CharField(_("color"), max_length=12, blank=True)  # a name of crm.domain.colors
    probability = models.PositiveSmallIntegerField(_("probabilidad de ganar (%)"), default=0)
    cold_after_days = models.PositiveSmallIntegerField(_("se enfría a los (días)"), default=7)  # 0 = never
    requires_comment = models.BooleanField(_("pide un comentario"), default=False)
    is_active = models.BooleanField(
        _("activa"), default=True
    )  # at rest: no column and no way in, its history keeps the name

    class Meta:
        verbose_name = _("etapa")
        verbose_name_plural = _("etapas")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["pipeline"], condition=models.Q(is_initial=True), name="stage_initial_of_pipeline"
            ),
            models.CheckConstraint(condition=models.Q(probability__lte=100), name="stage_probability"),
            models.CheckConstraint(condition=models.Q(kind__in=StageKind.values), name="stage_kind"),
        ]

    def __str__(self) -> str:
        return self.name


class StageTransition(models.Model):
    """A permitted step. A stage without any transition out of it is an end."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Stage, models.CASCADE, related_name="ways_out", verbose_name=_("desde"))
    target = models.ForeignKey(Stage, models.CASCADE, related_name="ways_in", verbose_name=_("hasta"))
    label = models.CharField(_("texto del botón"), max_length=60, blank=True)
    requires_comment = models.BooleanField(_("pide un comentario"), default=False)
    approver_role = models.CharField(
        _("lo aprueba"), max_length=20, blank=True
    )  # of tenants.domain.roles; empty = nobody

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


class LostReason(models.Model):
    """A reason for losing that the company counts by."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("motivo"), max_length=120, unique=True)
    position = models.PositiveIntegerField(_("orden"), default=0)
    is_active = models.BooleanField(_("activo"), default=True)

    class Meta:
        verbose_name = _("motivo de pérdida")
        verbose_name_plural = _("motivos de pérdida")
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class StageRequest(models.Model):
    """A step that waits for somebody's approval. A lead waits for one at a time."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Espera aprobación")
        APPROVED = "approved", _("Aprobado")
        REFUSED = "refused", _("Rechazado")
        STALE = "stale", _("Perdió sentido")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="stage_requests", verbose_name=_("lead"))
    source = models.ForeignKey(Stage, models.CASCADE, related_name="+", verbose_name=_("desde"))
    target = models.ForeignKey(Stage, models.CASCADE, related_name="+", verbose_name=_("hasta"))
    approver_role = models.CharField(_("lo aprueba"), max_length=20)
    comment = models.CharField(_("comentario"), max_length=300, blank=True)
    lost_reason = models.CharField(_("motivo de pérdida"), max_length=300, blank=True)
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.PENDING)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    decided_by = models.CharField(_("quién decidió"), max_length=160, blank=True)
    decision_comment = models.CharField(_("respuesta"), max_length=300, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)
    decided_at = models.DateTimeField(_("decidido"), null=True, blank=True)

    class Meta:
        verbose_name = _("pedido de aprobación")
        verbose_name_plural = _("pedidos de aprobación")
        constraints = [
            models.UniqueConstraint(
                fields=["lead"], condition=models.Q(status="pending"), name="stagerequest_one_pending"
            ),
        ]
        indexes = [models.Index(fields=["status", "-at"], name="stagerequest_status")]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.target_id}"
