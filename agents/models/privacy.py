from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class PrivacyRequest(models.Model):
    """That a copy or the erasure of one person's data was asked for, how far it is, and for ever that it was done.

    Names nobody once it is done: `contact_id` is the key of a row that is no more, and no hash of anything is kept.
    """

    class Kind(models.TextChoices):
        EXPORT = "export", _("Copia de sus datos")
        ERASE = "erase", _("Borrado")

    class State(models.TextChoices):
        QUEUED = "queued", _("En cola")
        RUNNING = "running", _("En curso")
        DONE = "done", _("Listo")
        FAILED = "failed", _("Falló")
        EXPIRED = "expired", _("Vencida")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("tipo"), max_length=8, choices=Kind)
    contact_id = models.UUIDField(db_index=True)
    state = models.CharField(_("estado"), max_length=8, choices=State, default=State.QUEUED)
    step = models.CharField(_("paso"), max_length=20, blank=True)  # of an erasure: the last one that is done
    subject = models.JSONField(default=dict, blank=True)  # tenants.domain.privacy.Subject, emptied at the end
    counts = models.JSONField(_("cantidades"), default=dict, blank=True)  # what there was, as numbers
    redacted = models.JSONField(default=list, blank=True)  # positions of the audit trail
    asked_by_kind = models.CharField(max_length=12)
    asked_by_id = models.CharField(max_length=64, blank=True)
    asked_by = models.CharField(_("pedido por"), max_length=160, blank=True)
    error = models.CharField(_("espera por"), max_length=200, blank=True)  # never a word of the person
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)  # null: nothing left to do
    file = models.CharField(max_length=300, blank=True)  # of a copy: path below the company's folder
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    created_at = models.DateTimeField(_("pedido"), auto_now_add=True)
    removed_at = models.DateTimeField(null=True, blank=True)  # of an erasure: when the contact ended
    completed_at = models.DateTimeField(_("terminado"), null=True, blank=True)
    expires_at = models.DateTimeField(_("vence"), null=True, blank=True)

    class Meta:
        verbose_name = _("pedido sobre datos personales")
        verbose_name_plural = _("pedidos sobre datos personales")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "contact_id"],
                condition=models.Q(state__in=["queued", "running"]),
                name="privacy_one_open",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="privacy_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["expires_at"], name="privacy_expires", condition=models.Q(expires_at__isnull=False)),
            models.Index(fields=["-created_at", "-id"], name="privacy_recent"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.contact_id}"

    @property
    def is_open(self) -> bool:
        return self.state in (self.State.QUEUED, self.State.RUNNING)
