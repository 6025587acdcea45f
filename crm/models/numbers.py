from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from crm.models.seller import Seller


class Goal(models.Model):
    """What a seller, or the whole company, wants to reach in a month."""

    class Measure(models.TextChoices):
        WON_COUNT = "won_count", _("Ventas ganadas")
        WON_VALUE = "won_value", _("Valor ganado")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller = models.ForeignKey(
        Seller, models.CASCADE, null=True, blank=True, related_name="goals", verbose_name=_("vendedor")
    )  # null = the company
    month = models.DateField(_("mes"))  # its first day
    measure = models.CharField(_("qué se mide"), max_length=10, choices=Measure)
    target = models.DecimalField(_("meta"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("moneda"), max_length=3, blank=True)

    class Meta:
        verbose_name = _("meta")
        verbose_name_plural = _("metas")
        constraints = [
            models.UniqueConstraint(
                fields=["seller", "month", "measure", "currency"], name="goal_once", nulls_distinct=False
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.measure}"


class Response(models.Model):
    """A customer waited and was answered: by a person, or by the AI (which is never counted as the seller's)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="+", verbose_name=_("contacto"))
    conversation_id = models.UUIDField()
    seller = models.ForeignKey(
        Seller, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("vendedor")
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    by_ai = models.BooleanField(_("respondió la IA"), default=False)
    is_first = models.BooleanField(_("primera respuesta"), default=False)  # of a person to this contact's open lead
    asked_at = models.DateTimeField(_("esperaba desde"))
    answered_at = models.DateTimeField(_("respondido"))
    seconds = models.PositiveIntegerField(_("segundos"))
    business_seconds = models.PositiveIntegerField(_("segundos hábiles"))

    class Meta:
        verbose_name = _("respuesta")
        verbose_name_plural = _("respuestas")
        constraints = [models.UniqueConstraint(fields=["conversation_id", "asked_at"], name="response_once")]
        indexes = [
            models.Index(fields=["-answered_at", "seller"], name="response_recent"),
            models.Index(fields=["contact"], name="response_contact"),
        ]

    def __str__(self) -> str:
        return f"{self.conversation_id} {self.seconds}"
