from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7


class SavedView(models.Model):
    """Filters, order and layout of a list under a name; its owner's, or everybody's."""

    class List(models.TextChoices):
        LEADS = "leads", _("Leads")
        CONTACTS = "contacts", _("Contactos")
        CLIENTS = "clients", _("Clientes")
        TASKS = "tasks", _("Tareas")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    list = models.CharField(_("lista"), max_length=10, choices=List)
    name = models.CharField(_("nombre"), max_length=80)
    query = models.CharField(_("filtros"), max_length=2000, blank=True)  # as in the address, without cursor
    is_shared = models.BooleanField(_("la ven todos"), default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("de")
    )
    position = models.PositiveIntegerField(_("orden"), default=0)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)

    class Meta:
        verbose_name = _("vista guardada")
        verbose_name_plural = _("vistas guardadas")
        ordering = ["position", "name"]
        constraints = [models.UniqueConstraint(fields=["owner", "list", "name"], name="savedview_once")]

    def __str__(self) -> str:
        return self.name


class BulkAction(models.Model):
    """One act on many rows, with what each was before, so that it can be taken back."""

    class Kind(models.TextChoices):
        ASSIGN = "assign", _("Asignar")
        STAGE = "stage", _("Mover de etapa")
        TAG = "tag", _("Etiquetar")
        UNTAG = "untag", _("Quitar etiqueta")
        TASK = "task", _("Crear tarea")
        HANDOVER = "handover", _("Traspaso de cartera")

    class Status(models.TextChoices):
        WAITING = "waiting", _("En espera")
        RUNNING = "running", _("En curso")
        DONE = "done", _("Hecho")
        UNDOING = "undoing", _("Deshaciendo")
        UNDONE = "undone", _("Deshecho")
        STOPPED = "stopped", _("Detenido")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("qué"), max_length=8, choices=Kind)
    arguments = models.JSONField(default=dict)
    query = models.CharField(max_length=2000, blank=True)  # of the list it began from
    status = models.CharField(_("estado"), max_length=8, choices=Status, default=Status.WAITING)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    total = models.PositiveIntegerField(_("leads"), default=0)
    done = models.PositiveIntegerField(_("hechos"), default=0)
    refused = models.PositiveIntegerField(_("no se pudo"), default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(_("hora"), auto_now_add=True)
    finished_at = models.DateTimeField(_("terminado"), null=True, blank=True)
    undone_at = models.DateTimeField(_("deshecho"), null=True, blank=True)

    class Meta:
        verbose_name = _("acción en lote")
        verbose_name_plural = _("acciones en lote")
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="bulk_recent"),
            models.Index(
                fields=["created_at"],
                condition=models.Q(status__in=["waiting", "running", "undoing"]),
                name="bulk_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.total}"


class BulkChange(models.Model):
    """One row of a bulk action: what it was, or why it was refused."""

    class State(models.TextChoices):
        WAITING = "waiting", _("En espera")
        DONE = "done", _("Hecho")
        REFUSED = "refused", _("No se pudo")
        UNDONE = "undone", _("Deshecho")
        KEPT = "kept", _("Cambió después, se dejó")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    action = models.ForeignKey(BulkAction, models.CASCADE, related_name="changes")
    lead = models.ForeignKey("crm.Lead", models.CASCADE, related_name="+")
    position = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("cambio en lote")
        verbose_name_plural = _("cambios en lote")
        constraints = [models.UniqueConstraint(fields=["action", "lead"], name="bulkchange_once")]
        indexes = [models.Index(fields=["action", "state", "position"], name="bulkchange_next")]

    def __str__(self) -> str:
        return f"{self.action_id} {self.lead_id}"
