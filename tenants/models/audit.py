from django.db import models
from django.utils.translation import gettext_lazy as _


class SystemEvent(models.Model):
    """What somebody did or was refused. Rows are only ever added; the roles that write them may not change or delete.

    Each company's rows are a chain: `hash` covers the row and the hash before it, so an edit, a gap or another order shows.
    What may name a person (`actor_label`, `diff`) is covered by `digest`, with `salt`, so that erasing one person
    can empty those two without breaking the chain; `redacted_at` says when.
    """

    tenant = models.ForeignKey(
        "tenants.Tenant", models.CASCADE, null=True, related_name="+", db_constraint=False, verbose_name=_("empresa")
    )
    at = models.DateTimeField(_("cuándo"), auto_now_add=True)
    actor_kind = models.CharField(_("tipo de actor"), max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    action = models.CharField(_("acción"), max_length=80)
    resource_type = models.CharField(_("tipo"), max_length=60, blank=True)
    resource_id = models.CharField(_("recurso"), max_length=64, blank=True)
    outcome = models.CharField(_("resultado"), max_length=12, default="ok")
    diff = models.JSONField(_("cambios"), default=dict, blank=True)
    ip = models.GenericIPAddressField(null=True, blank=True)
    agent = models.CharField(_("navegador"), max_length=200, blank=True)
    position = models.BigIntegerField(_("número"))  # 1, 2, 3… within the company
    salt = models.BinaryField(null=True)
    digest = models.BinaryField()
    hash = models.BinaryField()
    redacted_at = models.DateTimeField(_("borrado"), null=True, blank=True)

    class Meta:
        verbose_name = _("registro de auditoría")
        verbose_name_plural = _("auditoría")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "position"], name="event_position", nulls_distinct=False)
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="event_tenant"),
            models.Index(fields=["tenant", "resource_type", "resource_id"], name="event_resource"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.resource_id}"


class AuditHead(models.Model):
    """The end of a company's chain; chain 0 is the platform's own. Its row is locked for the last moment of a transaction."""

    chain = models.BigIntegerField(primary_key=True)
    position = models.BigIntegerField(default=0)
    hash = models.BinaryField(default=bytes)

    def __str__(self) -> str:
        return f"{self.chain}/{self.position}"
