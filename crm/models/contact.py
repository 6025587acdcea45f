from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
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
        """Every word must begin a word of name, phone, e-mail or document; case and accents do not count."""
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
    phone = models.CharField(_("teléfono"), max_length=20, null=True, blank=True)
    email = models.EmailField(_("correo"), blank=True)
    social_links = models.JSONField(_("redes"), default=dict, blank=True)
    custom = models.JSONField(_("campos propios"), default=dict, blank=True)
    notes = models.TextField(_("notas"), blank=True)
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
        ]

    def __str__(self) -> str:
        return self.name or self.phone or self.email or str(_("Sin nombre"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.search_text = searchable(f"{self.name} {self.phone or ''} {(self.phone or '')[-8:]} {self.email}")
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "search_text", "updated_at"}
        super().save(*args, **kwargs)
