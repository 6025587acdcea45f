from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class Tag(models.Model):
    """A label of the company's own. Leads and contacts hold its name; renaming it renames it there too."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("etiqueta"), max_length=40, unique=True)
    color = models.CharField(_("color"), max_length=12, blank=True)  # a name of crm.domain.colors
    description = models.CharField(_("para qué se usa"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)

    class Meta:
        verbose_name = _("etiqueta")
        verbose_name_plural = _("etiquetas")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CustomField(models.Model):
    """A field of the company's own on leads or contacts; values lie in their `custom` under `key`."""

    class On(models.TextChoices):
        LEAD = "lead", _("Leads")
        CONTACT = "contact", _("Contactos")

    class Kind(models.TextChoices):
        TEXT = "text", _("Texto")
        LONG_TEXT = "long_text", _("Texto largo")
        NUMBER = "number", _("Número")
        MONEY = "money", _("Importe")
        DATE = "date", _("Fecha")
        YES_NO = "yes_no", _("Sí o no")
        CHOICE = "choice", _("Una opción")
        CHOICES = "choices", _("Varias opciones")
        EMAIL = "email", _("Correo")
        PHONE = "phone", _("Teléfono")
        URL = "url", _("Enlace")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    on = models.CharField(_("dónde"), max_length=8, choices=On)
    key = models.SlugField(_("clave"), max_length=40)
    label = models.CharField(_("nombre"), max_length=80)
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind)
    options = ArrayField(models.CharField(max_length=80), default=list, blank=True, verbose_name=_("opciones"))
    help_text = models.CharField(_("ayuda"), max_length=200, blank=True)
    is_required = models.BooleanField(_("obligatorio en formularios"), default=False)
    in_filters = models.BooleanField(_("se usa para filtrar"), default=True)
    agents_may_write = models.BooleanField(_("la IA puede completarlo"), default=False)
    position = models.PositiveIntegerField(_("orden"), default=0)
    is_active = models.BooleanField(_("activo"), default=True)

    class Meta:
        verbose_name = _("campo propio")
        verbose_name_plural = _("campos propios")
        ordering = ["on", "position", "label"]
        constraints = [
            models.UniqueConstraint(fields=["on", "key"], name="customfield_once"),
            models.CheckConstraint(condition=models.Q(on__in=["lead", "contact"]), name="customfield_on"),
        ]

    def __str__(self) -> str:
        return self.label
