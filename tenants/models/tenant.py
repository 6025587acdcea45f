from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_tenants.models import DomainMixin, TenantMixin


def known_timezone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(_("Esa zona horaria no existe."))


class Trade(models.TextChoices):
    SALES = "sales", _("Ventas")
    SERVICES = "services", _("Servicios")
    CLINIC = "clinic", _("Clínica")
    STORE = "store", _("Tienda")


class Tenant(TenantMixin):
    """A company. Its rows live in schema `t<id>`, reached only by the database role `tenant_<id>`."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Activa")
        SUSPENDED = "suspended", _("Suspendida")

    auto_create_schema = False  # tenants.services.provisioning does it, from the compiled snapshot

    slug = models.SlugField(_("identificador"), max_length=40, unique=True)
    name = models.CharField(_("nombre"), max_length=120)
    trade = models.CharField(_("rubro"), max_length=20, choices=Trade, default=Trade.SALES)
    timezone = models.CharField(
        _("zona horaria"), max_length=64, default="America/Argentina/Buenos_Aires", validators=[known_timezone]
    )
    locale = models.CharField(_("idioma"), max_length=8, default="es")
    currency = models.CharField(_("moneda"), max_length=3, default="ARS")
    status = models.CharField(_("estado"), max_length=12, choices=Status, default=Status.ACTIVE)
    settings = models.JSONField(_("ajustes"), default=dict, blank=True)
    schema_version = models.CharField(max_length=64, default="", editable=False)
    node = models.CharField(max_length=64, null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)

    class Meta:
        verbose_name = _("empresa")
        verbose_name_plural = _("empresas")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Domain(DomainMixin):
    """A hostname that pins a company."""

    class Meta:
        verbose_name = _("dominio")
        verbose_name_plural = _("dominios")


class SchemaSnapshot(models.Model):
    """The compiled DDL of a tenant schema at one state of the migrations, so that a new company needs none of them run."""

    fingerprint = models.CharField(max_length=64, unique=True)
    ddl = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.fingerprint[:12]
