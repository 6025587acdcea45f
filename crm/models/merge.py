from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class DuplicatePair(models.Model):
    """Two contacts that may be one person, with what speaks for it. A dismissed pair is not suggested again."""

    class Status(models.TextChoices):
        OPEN = "open", _("Por revisar")
        DISMISSED = "dismissed", _("Son personas distintas")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    first = models.ForeignKey("crm.Contact", models.CASCADE, related_name="+", verbose_name=_("contacto"))
    second = models.ForeignKey("crm.Contact", models.CASCADE, related_name="+", verbose_name=_("contacto"))
    score = models.PositiveSmallIntegerField(_("parecido"))  # 0 to 100
    evidence = models.JSONField(_("indicios"), default=list)  # [{"kind": "phone|email|name|…", …}]
    status = models.CharField(_("estado"), max_length=10, choices=Status, default=Status.OPEN)
    decided_by = models.CharField(_("quién decidió"), max_length=160, blank=True)
    found_at = models.DateTimeField(_("encontrado"), auto_now_add=True)

    class Meta:
        verbose_name = _("posible duplicado")
        verbose_name_plural = _("posibles duplicados")
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="duplicate_order"),
        ]
        indexes = [models.Index(fields=["status", "-found_at", "-id"], name="duplicate_open")]

    def __str__(self) -> str:
        return f"{self.first_id} ~ {self.second_id}"


class ContactMerge(models.Model):
    """Everything needed to take a merge back: the contact that went, as it was, and which rows moved."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kept = models.ForeignKey("crm.Contact", models.CASCADE, related_name="merges", verbose_name=_("contacto"))
    other_id = models.UUIDField()  # the contact that went; its row comes back with this id
    other_name = models.CharField(_("contacto unido"), max_length=254, blank=True)
    rows = models.JSONField(default=dict)  # what was removed and what was changed, by table (crm.services.merging)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)
    undone_at = models.DateTimeField(_("deshecha"), null=True, blank=True)
    undone_by = models.CharField(_("quién la deshizo"), max_length=160, blank=True)

    class Meta:
        verbose_name = _("unión de contactos")
        verbose_name_plural = _("uniones de contactos")
        indexes = [models.Index(fields=["kept", "-at"], name="merge_kept")]

    def __str__(self) -> str:
        return f"{self.other_id} → {self.kept_id}"
