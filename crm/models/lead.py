from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from crm.models.pipeline import StageKind
from tenants import circle
from tenants.domain import roles

if TYPE_CHECKING:
    from tenants.models import Membership


class Interest(models.TextChoices):
    HIGH = "high", _("Alto")
    MEDIUM = "medium", _("Medio")
    LOW = "low", _("Bajo")
    NONE = "none", _("Ninguno")


class LeadQuerySet(models.QuerySet["Lead"]):
    def open(self) -> "LeadQuerySet":
        return self.filter(stage__kind=StageKind.OPEN)

    def visible_to(self, member: "Membership") -> "LeadQuerySet":
        """What is the member's, their team's with the scope of a team, and what nobody has."""
        if member.sees == roles.ALL:
            return self
        return self.filter(models.Q(owner__isnull=True) | models.Q(owner__user_id__in=circle.of(member)))


class Lead(models.Model):
    """A possible sale to a contact."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="leads", verbose_name=_("contacto"))
    stage = models.ForeignKey("crm.Stage", models.PROTECT, related_name="leads", verbose_name=_("etapa"))
    owner = models.ForeignKey(
        "crm.Seller", models.SET_NULL, null=True, blank=True, related_name="leads", verbose_name=_("vendedor")
    )
    score = models.PositiveSmallIntegerField(_("puntaje"), default=0)
    score_reasons = models.JSONField(_("razones"), default=list, blank=True)
    score_adjustment = models.SmallIntegerField(_("corrección del puntaje"), default=0)  # by a person, with a reason
    score_adjustment_reason = models.CharField(_("por qué se corrigió"), max_length=300, blank=True)
    interest = models.CharField(_("interés"), max_length=8, choices=Interest, blank=True)
    budget = models.CharField(_("presupuesto"), max_length=200, blank=True)
    timeline = models.CharField(_("plazo"), max_length=200, blank=True)
    needs = models.TextField(_("necesidad"), blank=True)
    source = models.CharField(_("origen"), max_length=60, blank=True)  # of the first arrival
    last_source = models.CharField(_("último origen"), max_length=60, blank=True)
    value = models.DecimalField(_("valor"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("moneda"), max_length=3, blank=True)
    social_links = models.JSONField(_("redes"), default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("etiquetas"))
    custom = models.JSONField(_("campos propios"), default=dict, blank=True)
    lost_reason = models.CharField(_("motivo de pérdida"), max_length=300, blank=True)
    closed_at = models.DateTimeField(_("cerrado"), null=True, blank=True)  # null = in an open stage
    expected_close = models.DateField(_("cierre esperado"), null=True, blank=True)
    probability = models.PositiveSmallIntegerField(_("probabilidad"), null=True, blank=True)  # %, null = the stage's
    stage_since = models.DateTimeField(_("en esta etapa desde"), default=timezone.now)
    assigned_at = models.DateTimeField(_("asignado"), null=True, blank=True)
    first_response_at = models.DateTimeField(_("primera respuesta"), null=True, blank=True)
    last_activity_at = models.DateTimeField(_("última actividad"), default=timezone.now)
    # Due time of the first open task; kept by crm.services.steps. Null with an empty reason = nothing is planned.
    # The first open task or coming appointment.
    next_step_at = models.DateTimeField(_("próximo paso"), null=True, blank=True)
    no_step_until = models.DateField(_("sin paso hasta"), null=True, blank=True)
    no_step_reason = models.CharField(_("por qué no hay próximo paso"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiado"), auto_now=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.CheckConstraint(condition=models.Q(score__lte=100), name="lead_score"),
            models.CheckConstraint(
                condition=models.Q(probability__isnull=True) | models.Q(probability__lte=100), name="lead_probability"
            ),
            models.CheckConstraint(condition=models.Q(interest__in=["", *Interest.values]), name="lead_interest"),
            models.CheckConstraint(
                condition=models.Q(value__isnull=True) | ~models.Q(currency=""), name="lead_currency"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="lead_recent"),
            models.Index(fields=["stage", "-created_at", "-id"], name="lead_stage"),
            models.Index(fields=["owner", "-created_at", "-id"], name="lead_owner"),
            models.Index(fields=["contact"], name="lead_contact"),
            models.Index(fields=["-last_activity_at", "-id"], name="lead_active"),
            models.Index(fields=["source", "-created_at", "-id"], name="lead_source"),
            GinIndex(fields=["tags"], name="lead_tags"),
            GinIndex(fields=["custom"], opclasses=["jsonb_path_ops"], name="lead_custom"),
            models.Index(
                fields=["owner", "created_at", "id"],
                condition=models.Q(closed_at__isnull=True, next_step_at__isnull=True, no_step_reason=""),
                name="lead_without_step",
            ),
            # The same for whoever looks at everybody's.
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(closed_at__isnull=True, next_step_at__isnull=True, no_step_reason=""),
                name="lead_unplanned",
            ),
            models.Index(
                fields=["last_activity_at", "id"], condition=models.Q(closed_at__isnull=True), name="lead_idle"
            ),
            models.Index(fields=["no_step_until"], condition=models.Q(no_step_until__isnull=False), name="lead_rests"),
            models.Index(
                fields=["owner", "last_activity_at", "id"],
                condition=models.Q(closed_at__isnull=True),
                name="lead_cold",
            ),
            models.Index(
                fields=["owner", "expected_close"],
                condition=models.Q(closed_at__isnull=True, expected_close__isnull=False),
                name="lead_expected",
            ),
            models.Index(fields=["-closed_at", "-id"], condition=models.Q(closed_at__isnull=False), name="lead_closed"),
        ]

    def __str__(self) -> str:
        return str(self.contact)
