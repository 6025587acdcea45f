from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class LiveEvent(models.Model):
    """Something changed. Carries type and id only; whoever shows it fetches the rest through the gate. Kept one hour."""

    id = models.BigIntegerField(primary_key=True)
    type = models.CharField(max_length=40)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("evento en vivo")
        verbose_name_plural = _("eventos en vivo")

    def __str__(self) -> str:
        return f"{self.id} {self.type}"


class LiveCounter(models.Model):
    """The last number given. Its row lock is taken just before COMMIT, so numbers follow the order of the commits."""

    id = models.BigIntegerField(primary_key=True, default=1)
    last = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("contador de eventos")
        verbose_name_plural = _("contadores de eventos")

    def __str__(self) -> str:
        return str(self.last)


class IdempotentRequest(models.Model):
    """A write that named an Idempotency-Key and the answer it got, kept one day. Commits together with its effect."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=200)
    route = models.CharField(max_length=300)  # verb and path
    user_id = models.UUIDField()
    body_hash = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    response = models.TextField(blank=True)  # the very bytes that were answered
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("pedido repetible")
        verbose_name_plural = _("pedidos repetibles")
        constraints = [models.UniqueConstraint(fields=["key", "route", "user_id"], name="idempotent_once")]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
