from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class BusinessAsset(models.Model):
    """A text of the business that agents' instructions take in by name: `{{activo.clave}}`."""

    class Kind(models.TextChoices):
        BRANDING = "branding", _("Marca")
        SCRIPTS = "scripts", _("Guiones")
        ROI = "roi", _("Resultados y argumentos")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.SlugField(_("clave"), max_length=40, unique=True)
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind)
    title = models.CharField(_("título"), max_length=120)
    content = models.TextField(_("contenido"))
    is_active = models.BooleanField(_("activo"), default=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiado"), auto_now=True)

    class Meta:
        verbose_name = _("activo del negocio")
        verbose_name_plural = _("activos del negocio")
        ordering = ["kind", "title"]

    def __str__(self) -> str:
        return self.title

    @property
    def token(self) -> str:
        """What stands for it in instructions."""
        return f"{{{{activo.{self.key}}}}}"
