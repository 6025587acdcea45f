from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Seller(models.Model):
    """Somebody who attends. May be a member who signs in, or only a name with an agenda."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("nombre"), max_length=120)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("persona")
    )
    email = models.EmailField(_("correo"), blank=True)
    working_hours = models.JSONField(_("horario"), default=dict, blank=True)  # {"0": [["09:00", "13:00"]]}, 0 = Monday
    timezone = models.CharField(_("zona horaria"), max_length=64, blank=True)
    capacity = models.PositiveIntegerField(_("leads abiertos como máximo"), null=True, blank=True)  # null = no limit
    specialties = ArrayField(
        models.CharField(max_length=40), default=list, blank=True, verbose_name=_("especialidades")
    )
    # What they attend; none listed means all of it.
    services = models.ManyToManyField("crm.Service", blank=True, related_name="sellers", verbose_name=_("servicios"))
    weight = models.PositiveSmallIntegerField(_("peso en el reparto de citas"), default=1)
    feed_version = models.PositiveSmallIntegerField(default=1)  # another number ends the addresses of the ICS feed
    is_active = models.BooleanField(_("activo"), default=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    class Meta:
        verbose_name = _("vendedor")
        verbose_name_plural = _("vendedores")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Absence(models.Model):
    """A time in which a seller gets nothing new; `cover` gets it meanwhile when named."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    seller = models.ForeignKey(Seller, models.CASCADE, related_name="absences", verbose_name=_("vendedor"))
    starts_at = models.DateTimeField(_("desde"))
    ends_at = models.DateTimeField(_("hasta"))
    reason = models.CharField(_("motivo"), max_length=200, blank=True)
    cover = models.ForeignKey(
        Seller, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("lo cubre")
    )

    class Meta:
        verbose_name = _("ausencia")
        verbose_name_plural = _("ausencias")
        constraints = [
            models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="absence_order")
        ]
        indexes = [models.Index(fields=["seller", "ends_at"], name="absence_seller")]

    def __str__(self) -> str:
        return f"{self.seller_id} {self.starts_at:%Y-%m-%d}"
