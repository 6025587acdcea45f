from django.conf import settings
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
    is_active = models.BooleanField(_("activo"), default=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    class Meta:
        verbose_name = _("vendedor")
        verbose_name_plural = _("vendedores")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
