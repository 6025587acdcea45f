from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from crm.models.seller import Seller


class Strategy(models.TextChoices):
    ROUND_ROBIN = "round_robin", _("Por turno")
    LOAD = "load", _("Al que menos tiene")
    PERFORMANCE = "performance", _("Al que mejor vende")
    SPECIALTY = "specialty", _("Por especialidad")


class AssignmentRule(models.Model):
    """Who gets a new lead that fits `filters`. The fitting active rule with the lowest priority number decides."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("nombre"), max_length=120)
    strategy = models.CharField(_("reparto"), max_length=12, choices=Strategy, default=Strategy.ROUND_ROBIN)
    filters = models.JSONField(_("condiciones"), default=dict, blank=True)
    priority = models.PositiveIntegerField(_("prioridad"), default=100)
    within_hours = models.BooleanField(_("solo a quien está en su horario"), default=True)
    is_active = models.BooleanField(_("activa"), default=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)

    class Meta:
        verbose_name = _("regla de asignación")
        verbose_name_plural = _("reglas de asignación")
        ordering = ["priority", "created_at"]
        constraints = [models.CheckConstraint(condition=models.Q(strategy__in=Strategy.values), name="rule_strategy")]

    def __str__(self) -> str:
        return self.name


class RuleSeller(models.Model):
    """A seller in a rule. `given` counts what the rule gave, so that turns stay exact; written under the rule's lock."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    rule = models.ForeignKey(AssignmentRule, models.CASCADE, related_name="members", verbose_name=_("regla"))
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="+", verbose_name=_("vendedor"))
    position = models.PositiveIntegerField(_("orden"), default=0)
    weight = models.PositiveSmallIntegerField(_("peso"), default=1)
    given = models.PositiveBigIntegerField(_("recibidos"), default=0)

    class Meta:
        verbose_name = _("vendedor de una regla")
        verbose_name_plural = _("vendedores de una regla")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "seller"], name="ruleseller_once"),
            models.CheckConstraint(condition=models.Q(weight__gte=1), name="ruleseller_weight"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} {self.seller_id}"


class Assignment(models.Model):
    """History of who had a lead, and why they got it."""

    class Kind(models.TextChoices):
        RULE = "rule", _("Regla")
        MANUAL = "manual", _("A mano")
        HANDOVER = "handover", _("Traspaso de cartera")
        COVER = "cover", _("Cubre una ausencia")
        BULK = "bulk", _("En lote")
        IMPORT = "import", _("Importación")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="assignments", verbose_name=_("lead"))
    before = models.ForeignKey(
        Seller, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("lo tenía")
    )
    seller = models.ForeignKey(
        Seller, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("lo recibe")
    )
    rule = models.ForeignKey(
        AssignmentRule, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("regla")
    )
    kind = models.CharField(_("cómo"), max_length=10, choices=Kind)
    reason = models.JSONField(_("por qué"), default=dict, blank=True)  # {"code": …, facts} of crm.domain.assignment
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)

    class Meta:
        verbose_name = _("asignación")
        verbose_name_plural = _("asignaciones")
        indexes = [
            models.Index(fields=["lead", "-at"], name="assignment_lead"),
            models.Index(fields=["seller", "-at"], name="assignment_seller"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.seller_id}"
