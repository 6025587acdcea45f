from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.lib.ids import uuid7
from crm.models.lead import Lead
from tenants import circle
from tenants.domain import roles

if TYPE_CHECKING:
    from tenants.models import Membership


class TaskQuerySet(models.QuerySet["Task"]):
    def open(self) -> "TaskQuerySet":
        return self.filter(done_at__isnull=True)

    def visible_to(self, member: "Membership") -> "TaskQuerySet":
        """What is the member's (or their circle's), and what belongs to a lead that they may see."""
        if member.sees == roles.ALL:
            return self
        seen = models.Exists(Lead.objects.visible_to(member).filter(pk=models.OuterRef("lead")))
        return self.filter(models.Q(assignee__in=circle.of(member)) | models.Q(seen))


class Task(models.Model):
    """Something promised: who does it, for whom, until when. The open ones of a lead are its next steps."""

    class Kind(models.TextChoices):
        CALL = "call", _("Llamar")
        MESSAGE = "message", _("Escribir")
        MEETING = "meeting", _("Reunión")
        FOLLOW_UP = "follow_up", _("Seguimiento")
        OTHER = "other", _("Otra")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    title = models.CharField(_("qué hay que hacer"), max_length=200)
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind, default=Kind.FOLLOW_UP)
    detail = models.TextField(_("detalle"), blank=True)
    contact = models.ForeignKey(
        "crm.Contact", models.CASCADE, null=True, blank=True, related_name="tasks", verbose_name=_("contacto")
    )
    lead = models.ForeignKey(
        "crm.Lead", models.CASCADE, null=True, blank=True, related_name="tasks", verbose_name=_("lead")
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("la hace")
    )
    due_at = models.DateTimeField(_("vence"))
    remind_at = models.DateTimeField(_("recordar"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(_("hecha"), null=True, blank=True)
    done_by = models.CharField(_("quién la hizo"), max_length=160, blank=True)
    outcome = models.CharField(_("resultado"), max_length=300, blank=True)
    actor_kind = models.CharField(max_length=12)
    actor_id = models.CharField(max_length=64, blank=True)
    actor_label = models.CharField(_("quién la creó"), max_length=160, blank=True)
    created_at = models.DateTimeField(_("creada"), auto_now_add=True)
    updated_at = models.DateTimeField(_("cambiada"), auto_now=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("tarea")
        verbose_name_plural = _("tareas")
        indexes = [
            models.Index(
                fields=["assignee", "due_at", "id"], condition=models.Q(done_at__isnull=True), name="task_mine"
            ),
            models.Index(fields=["due_at", "id"], condition=models.Q(done_at__isnull=True), name="task_due"),
            models.Index(fields=["lead", "due_at"], name="task_lead"),
            models.Index(fields=["contact", "due_at"], name="task_contact"),
            models.Index(
                fields=["remind_at"],
                condition=models.Q(done_at__isnull=True, reminded_at__isnull=True, remind_at__isnull=False),
                name="task_remind",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Note(models.Model):
    """What people of the company write to each other about somebody; never shown to the contact."""

    class Kind(models.TextChoices):
        INTERNAL = "internal", _("Nota")
        CALL = "call", _("Llamada")
        HANDOFF = "handoff", _("Traspaso")
        FOLLOW_UP = "follow_up", _("Seguimiento")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, related_name="remarks", verbose_name=_("contacto"))
    lead = models.ForeignKey(
        "crm.Lead", models.SET_NULL, null=True, blank=True, related_name="remarks", verbose_name=_("lead")
    )
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind, default=Kind.INTERNAL)
    text = models.TextField(_("texto"))
    mentions = ArrayField(models.UUIDField(), default=list, blank=True)  # users
    is_pinned = models.BooleanField(_("fijada"), default=False)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    actor_kind = models.CharField(max_length=12)
    actor_label = models.CharField(_("quién"), max_length=160, blank=True)
    created_at = models.DateTimeField(_("escrita"), auto_now_add=True)
    edited_at = models.DateTimeField(_("corregida"), null=True, blank=True)

    class Meta:
        verbose_name = _("nota")
        verbose_name_plural = _("notas")
        indexes = [
            models.Index(fields=["contact", "-created_at", "-id"], name="note_contact"),
            models.Index(fields=["lead", "-created_at", "-id"], name="note_lead"),
            models.Index(fields=["-created_at", "-id"], name="note_recent"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Notification(models.Model):
    """One line for one person. `key` names the occasion, so that the same one is never told twice."""

    class Kind(models.TextChoices):
        ASSIGNED = "assigned", _("Le asignaron")
        MENTION = "mention", _("Mención")
        REMINDER = "reminder", _("Recordatorio")
        HOT = "hot", _("Lead caliente")
        WAITING = "waiting", _("Espera respuesta")
        COLD = "cold", _("Se enfría")
        APPROVAL = "approval", _("Aprobación")
        HANDOVER = "handover", _("Traspaso")
        FORM = "form", _("Formulario")
        DONE = "done", _("Trabajo terminado")
        AGENDA = "agenda", _("Agenda")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("para"))
    kind = models.CharField(_("tipo"), max_length=10, choices=Kind)
    key = models.CharField(max_length=120)
    contact = models.ForeignKey("crm.Contact", models.CASCADE, null=True, blank=True, related_name="+")
    href = models.CharField(max_length=200, blank=True)  # a page of ours
    facts = models.JSONField(default=dict, blank=True)  # what the sentence of this kind needs
    is_urgent = models.BooleanField(_("urgente"), default=False)
    created_at = models.DateTimeField(_("hora"), auto_now_add=True)
    read_at = models.DateTimeField(_("leído"), null=True, blank=True)

    class Meta:
        verbose_name = _("aviso")
        verbose_name_plural = _("avisos")
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="notification_once")]
        indexes = [
            models.Index(fields=["user", "-created_at", "-id"], name="notification_recent"),
            models.Index(fields=["user"], condition=models.Q(read_at__isnull=True), name="notification_unread"),
            models.Index(fields=["created_at"], name="notification_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
