from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db import models
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from crm.domain.search import as_prefix_query, searchable
from tenants.domain import roles

if TYPE_CHECKING:
    from tenants.models import Membership


class ContactQuerySet(models.QuerySet["Contact"]):
    def search(self, words: str) -> Self:
        """Every word must begin a word of name, phone, e-mail or username; case and accents do not count."""
        query = as_prefix_query(words)
        if not query:
            return self.none() if words.strip() else self
        # The same expression as the index `contact_search`, so that it is used.
        return self.annotate(words=SearchVector("search_text", config="simple")).filter(
            words=SearchQuery(query, search_type="raw", config="simple")
        )

    def visible_to(self, member: "Membership") -> Self:
        """People of whom the member may see a lead or a chat, and those who have neither: nobody attends them yet.

        What ties a person to somebody is named in settings.CONTACT_TIES, for the apps that this one does not know.
        """
        if member.sees == roles.ALL:
            return self
        seen, tied = models.Q(), models.Q()
        for path in settings.CONTACT_TIES:
            visible, every = import_string(path)(member)
            seen |= models.Q(models.Exists(visible.filter(contact=models.OuterRef("pk"))))
            tied |= models.Q(models.Exists(every.filter(contact=models.OuterRef("pk"))))
        return self.filter(seen | ~tied)


class Contact(models.Model):
    """The person. Leads, chats, events and money hang on it. A phone is optional: usernames and web visitors have none."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("nombre"), max_length=200, blank=True)
    city = models.CharField(_("ciudad"), max_length=120, blank=True)
    phone = models.CharField(_("teléfono"), max_length=20, null=True, blank=True)
    email = models.EmailField(_("correo"), blank=True)
    social_links = models.JSONField(_("redes"), default=dict, blank=True)
    custom = models.JSONField(_("campos propios"), default=dict, blank=True)
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True, verbose_name=_("etiquetas"))
    notes = models.TextField(_("notas"), blank=True)
    blocked_at = models.DateTimeField(_("bloqueado"), null=True, blank=True)
    blocked_reason = models.CharField(_("motivo del bloqueo"), max_length=300, blank=True)
    opted_out_at = models.DateTimeField(_("pidió no recibir"), null=True, blank=True)
    search_text = models.TextField(editable=False, default="")
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiado"), auto_now=True)

    objects = ContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("contacto")
        verbose_name_plural = _("contactos")
        constraints = [
            models.UniqueConstraint(
                fields=["phone"],
                name="contact_phone",
                violation_error_message=_("Ya hay un contacto con ese teléfono."),
            ),
            models.CheckConstraint(
                condition=models.Q(phone__isnull=True) | ~models.Q(phone=""), name="contact_no_blank"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="contact_recent"),
            models.Index(fields=["email"], name="contact_email"),
            GinIndex(SearchVector("search_text", config="simple"), name="contact_search"),
            models.Index(fields=["city"], name="contact_city"),
            GinIndex(fields=["tags"], name="contact_tags"),
            GinIndex(fields=["custom"], opclasses=["jsonb_path_ops"], name="contact_custom"),
            models.Index(fields=["-blocked_at"], condition=models.Q(blocked_at__isnull=False), name="contact_blocked"),
        ]

    def __str__(self) -> str:
        return self.name or self.phone or self.email or str(_("Sin nombre"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = self.words_to_find()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "search_text", "updated_at"}
        super().save(*args, **kwargs)

    def words_to_find(self) -> str:
        """Name, phones, e-mails, the further ones too, and usernames; of a number also its last digits, as people dictate it."""
        points = [] if self._state.adding else list(self.points.values_list("kind", "value"))
        numbers = [self.phone or "", *(value for kind, value in points if kind == ContactPoint.Kind.PHONE)]
        others = [value for kind, value in points if kind == ContactPoint.Kind.EMAIL]
        # A network's address is found by its last part, which is the person's.
        linked = [each.rstrip("/").rpartition("/")[2] for each in self.social_links.values() if isinstance(each, str)]
        digits = (f"{each} {each[-8:]}" for each in numbers)
        return searchable(" ".join([self.name, self.email, *others, *linked, *digits]))


class ContactPoint(models.Model):
    """A further phone or e-mail of a person: a second number, or what came with a merged contact. Found like the first."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("Teléfono")
        EMAIL = "email", _("Correo")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="points", verbose_name=_("contacto"))
    kind = models.CharField(_("tipo"), max_length=8, choices=Kind)
    value = models.CharField(_("valor"), max_length=254)  # phones in E.164, e-mails in lower case
    label = models.CharField(_("de qué"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("creado"), auto_now_add=True)

    class Meta:
        verbose_name = _("otro dato de contacto")
        verbose_name_plural = _("otros datos de contacto")
        constraints = [
            models.UniqueConstraint(fields=["value"], condition=models.Q(kind="phone"), name="point_phone_once"),
            models.UniqueConstraint(fields=["contact", "kind", "value"], name="point_once"),
        ]
        indexes = [models.Index(fields=["kind", "value"], name="point_value")]

    def __str__(self) -> str:
        return self.value


class Consent(models.Model):
    """What the person allowed or refused, for one purpose. Rows are only added; the latest of a purpose is what holds."""

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("Novedades y promociones")
        FOLLOW_UP = "follow_up", _("Seguimiento de su consulta")
        REMINDERS = "reminders", _("Recordatorios de citas")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="consents", verbose_name=_("contacto"))
    purpose = models.CharField(_("para qué"), max_length=12, choices=Purpose)
    granted = models.BooleanField(_("aceptó"))
    source = models.CharField(_("cómo se supo"), max_length=200, blank=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)

    class Meta:
        verbose_name = _("consentimiento")
        verbose_name_plural = _("consentimientos")
        indexes = [models.Index(fields=["contact", "purpose", "-at"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.granted}"


class Touch(models.Model):
    """One arrival of a person: where from, with which campaign or ad. The first and the last are shown; none is rewritten."""

    class Kind(models.TextChoices):
        MESSAGE = "message", _("Mensaje")
        AD = "ad", _("Anuncio")
        FORM = "form", _("Formulario")
        WEBHOOK = "webhook", _("Integración")
        IMPORT = "import", _("Importación")
        MANUAL = "manual", _("Cargado a mano")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="touches", verbose_name=_("contacto"))
    lead = models.ForeignKey(
        "crm.Lead", models.SET_NULL, null=True, blank=True, related_name="touches", verbose_name=_("lead")
    )
    kind = models.CharField(_("tipo"), max_length=8, choices=Kind)
    source = models.CharField(_("origen"), max_length=60, blank=True)
    medium = models.CharField(_("medio"), max_length=60, blank=True)
    campaign = models.CharField(_("campaña"), max_length=120, blank=True)
    term = models.CharField(_("término"), max_length=120, blank=True)
    content = models.CharField(_("contenido"), max_length=200, blank=True)
    ad_id = models.CharField(_("anuncio"), max_length=64, blank=True)
    click_id = models.CharField(_("clic"), max_length=300, blank=True)  # ctwa_clid, fbclid, gclid
    page = models.CharField(_("página"), max_length=500, blank=True)
    referrer = models.CharField(_("venía de"), max_length=500, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)

    class Meta:
        verbose_name = _("llegada")
        verbose_name_plural = _("llegadas")
        indexes = [
            models.Index(fields=["contact", "at"], name="touch_contact"),
            models.Index(fields=["lead", "at"], name="touch_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"
