from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ChannelRoute(models.Model):
    """Which company and channel an unguessable address belongs to. Read by the door, which knows no company yet."""

    route_key = models.CharField(_("clave de ruta"), max_length=64, primary_key=True)
    tenant = models.ForeignKey("tenants.Tenant", models.CASCADE, related_name="+", verbose_name=_("empresa"))
    provider = models.CharField(_("proveedor"), max_length=20)
    channel_id = models.UUIDField()
    config = models.JSONField(default=dict, blank=True)  # what the door itself must know: allowed domains of a web chat
    is_active = models.BooleanField(_("activa"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("ruta de canal")
        verbose_name_plural = _("rutas de canal")
        constraints = [models.UniqueConstraint(fields=["channel_id"], name="route_channel")]

    def __str__(self) -> str:
        return f"{self.provider} · {self.channel_id}"


class InboundEvent(models.Model):
    """One request of a provider as it came, kept until processed. The truth behind every wake-up of the workers.

    No foreign key and no index of its own for the company: the route has just named it, and each would cost every message.
    """

    class State(models.TextChoices):
        RECEIVED = "received", _("Recibido")
        DONE = "done", _("Procesado")
        FAILED = "failed", _("Con error")

    id = models.BigAutoField(primary_key=True)
    tenant = models.ForeignKey(
        "tenants.Tenant",
        models.CASCADE,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("empresa"),
    )
    provider = models.CharField(_("proveedor"), max_length=20)
    channel_id = models.UUIDField()
    event_key = models.CharField(max_length=64)  # SHA-256 of the body, or the sender's own message id
    raw = models.TextField(_("contenido"))
    state = models.CharField(_("estado"), max_length=12, choices=State, default=State.RECEIVED, db_default="received")
    attempts = models.PositiveIntegerField(_("intentos"), default=0, db_default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="", db_default="")
    received_at = models.DateTimeField(_("recibido"), db_default=Now())
    processed_at = models.DateTimeField(_("procesado"), null=True, blank=True)

    class Meta:
        verbose_name = _("evento entrante")
        verbose_name_plural = _("eventos entrantes")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "provider", "channel_id", "event_key"], name="inbound_once")
        ]
        indexes = [
            models.Index(fields=["tenant", "id"], condition=models.Q(state="received"), name="inbound_due"),
            models.Index(fields=["tenant", "-id"], name="inbound_latest"),
            models.Index(
                fields=["tenant", "channel_id", "-id"], condition=models.Q(state="failed"), name="inbound_failed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.id}"
