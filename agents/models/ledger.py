from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agents.models.agent import Agent
from agents.models.run import AgentRun
from config.lib.ids import uuid7


class LedgerEntry(models.Model):
    """What one thing cost: a turn, a voice note, a message that the provider charges.

    `usd` is exact and null where the price is not known; `counted_usd` is what it counts for the ceiling (nothing, for a
    provider's fee: people would pay it too). `amount` is `usd` in the company's `currency` at `rate` (units of it per dollar)
    as it stood then, rounded once to six decimals; null where the company gave no rate. `created_at` is the moment of the
    thing it stands for. Written once by `agents.services.ledger` and never changed, but for forgetting whose chat it was.
    """

    class Kind(models.TextChoices):
        MODEL = "model", _("Modelo")
        TRANSCRIPTION = "transcription", _("Transcripción")
        MESSAGE = "message", _("Tarifa del proveedor")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("tipo"), max_length=14, choices=Kind)
    source = models.CharField(max_length=64)  # the run, the attachment or the message it stands for
    purpose = models.CharField(_("para qué"), max_length=12, choices=AgentRun.Purpose, default=AgentRun.Purpose.TURN)
    conversation_id = models.UUIDField(null=True, blank=True)
    agent = models.ForeignKey(Agent, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("agente"))
    what = models.CharField(_("qué"), max_length=80, blank=True)  # the model's name, or the category of the message
    tokens = models.PositiveIntegerField(_("tokens"), default=0)
    usd = models.DecimalField(_("USD"), max_digits=18, decimal_places=9, null=True, blank=True)
    counted_usd = models.DecimalField(_("USD para el tope"), max_digits=18, decimal_places=9, default=0)
    currency = models.CharField(_("moneda"), max_length=3)
    rate = models.DecimalField(_("cotización"), max_digits=14, decimal_places=6, null=True, blank=True)
    amount = models.DecimalField(_("importe"), max_digits=20, decimal_places=6, null=True, blank=True)
    created_at = models.DateTimeField(_("hora"), default=timezone.now)

    class Meta:
        verbose_name = _("gasto de IA")
        verbose_name_plural = _("gastos de IA")
        constraints = [models.UniqueConstraint(fields=["kind", "source"], name="ledger_once")]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="ledger_recent"),
            models.Index(
                fields=["conversation_id"], name="ledger_chat", condition=models.Q(conversation_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.usd}"
