from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Client(models.Model):
    """A contact who bought. Made by converting a lead only; one a contact."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Activo")
        INACTIVE = "inactive", _("Inactivo")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.OneToOneField("crm.Contact", models.CASCADE, related_name="client", verbose_name=_("contacto"))
    owner = models.ForeignKey(
        "crm.Seller", models.SET_NULL, null=True, blank=True, related_name="clients", verbose_name=_("vendedor")
    )
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.ACTIVE)
    since = models.DateTimeField(_("cliente desde"))
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiado"), auto_now=True)

    class Meta:
        verbose_name = _("cliente")
        verbose_name_plural = _("clientes")
        constraints = [
            models.CheckConstraint(condition=models.Q(status__in=["active", "inactive"]), name="client_status")
        ]
        indexes = [
            models.Index(fields=["-since", "-id"], name="client_recent"),
            models.Index(fields=["owner", "-since", "-id"], name="client_owner"),
        ]

    def __str__(self) -> str:
        return str(self.contact)


class Conversion(models.Model):
    """A lead that became a sale to a client. Undone ones stay as history."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="conversions", verbose_name=_("lead"))
    client = models.ForeignKey(
        Client, models.SET_NULL, null=True, blank=True, related_name="conversions", verbose_name=_("cliente")
    )
    stage_before = models.ForeignKey("crm.Stage", models.PROTECT, related_name="+", verbose_name=_("etapa anterior"))
    made_client = models.BooleanField(_("creó el cliente"), default=True)
    criteria = models.JSONField(_("lo que se sabía"), default=dict, blank=True)  # name of each requirement → its value
    value = models.DecimalField(_("valor"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("moneda"), max_length=3, blank=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)
    undone_at = models.DateTimeField(_("deshecha"), null=True, blank=True)
    undone_by = models.CharField(_("quién la deshizo"), max_length=160, blank=True)
    undo_reason = models.CharField(_("por qué se deshizo"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("conversión")
        verbose_name_plural = _("conversiones")
        constraints = [
            models.UniqueConstraint(fields=["lead"], condition=models.Q(undone_at__isnull=True), name="conversion_once")
        ]
        indexes = [models.Index(fields=["-at"], name="conversion_recent")]

    def __str__(self) -> str:
        return f"{self.lead_id} → {self.client_id}"
