from typing import TYPE_CHECKING

from django.contrib.postgres.fields import ArrayField
from django.db import models
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
    interest = models.CharField(_("interés"), max_length=8, choices=Interest, blank=True)
    budget = models.CharField(_("presupuesto"), max_length=200, blank=True)
    timeline = models.CharField(_("plazo"), max_length=200, blank=True)
    needs = models.TextField(_("necesidad"), blank=True)
    source = models.CharField(_("origen"), max_length=60, blank=True)
    value = models.DecimalField(_("valor"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("moneda"), max_length=3, blank=True)
    social_links = models.JSONField(_("redes"), default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("etiquetas"))
    custom = models.JSONField(_("campos propios"), default=dict, blank=True)
    lost_reason = models.CharField(_("motivo de pérdida"), max_length=300, blank=True)
    closed_at = models.DateTimeField(_("cerrado"), null=True, blank=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiado"), auto_now=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.CheckConstraint(condition=models.Q(score__lte=100), name="lead_score"),
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
        ]

    def __str__(self) -> str:
        return str(self.contact)
