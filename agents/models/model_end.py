from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class ModelEnd(models.Model):
    """What a provider last said of a model that an agent uses: until when it answers, or that it is gone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    provider = models.CharField(_("proveedor"), max_length=20)
    model = models.CharField(_("modelo"), max_length=80)
    ends_on = models.DateField(_("termina"), null=True, blank=True)  # null: no date is told
    gone = models.BooleanField(_("ya no existe"), default=False)
    checked_at = models.DateTimeField(_("preguntado"))

    class Meta:
        verbose_name = _("fin de un modelo")
        verbose_name_plural = _("fines de modelos")
        constraints = [models.UniqueConstraint(fields=["provider", "model"], name="modelend_once")]

    def __str__(self) -> str:
        return f"{self.provider} {self.model}"
