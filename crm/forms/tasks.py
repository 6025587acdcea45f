"""Forms of tasks and next steps: shape only; the rules are in the services."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.domain import due
from crm.models import Task
from tenants.context import current_tenant
from tenants.models import Membership

REMIND = (
    ("", _("Sin recordatorio")),
    ("0", _("A la hora")),
    ("15", _("15 minutos antes")),
    ("60", _("1 hora antes")),
    ("1440", _("1 día antes")),
)
MOMENT = "%Y-%m-%dT%H:%M"
NO_DATE = _("Falta para cuándo: un día y una hora, o uno de los botones.")


class DueField(forms.DateTimeField):
    """Day and hour where the company is."""

    def __init__(self, **kwargs: Any) -> None:
        missing = {"required": NO_DATE}
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
        super().__init__(widget=widget, error_messages=missing, **kwargs)


class QuickForm(forms.Form):
    """A form whose time may come from a button named `quick` in place of the field `due_at`."""

    due_at = DueField(label=_("Para cuándo"), required=False)

    def quick(self) -> datetime | None:
        """The tapped date, or None."""
        said = self.data.get("quick", "")
        if said not in list(due.Quick):
            return None
        return due.quick(due.Quick(said), timezone.now(), ZoneInfo(current_tenant().timezone))

    def clean(self) -> dict[str, Any]:
        """The tapped date wins over the field, and over what is wrong with it."""
        said = super().clean() or self.cleaned_data
        if tapped := self.quick():
            self.errors.pop("due_at", None)
            said["due_at"] = tapped
        return said


class TaskForm(QuickForm):
    """A task, new or changed. `people`: the active members it may be given to."""

    title = forms.CharField(label=_("Qué hay que hacer"), max_length=200)
    kind = forms.ChoiceField(label=_("Tipo"), choices=Task.Kind, initial=Task.Kind.FOLLOW_UP)
    assignee = forms.ChoiceField(label=_("La hace"), required=False)
    remind = forms.ChoiceField(label=_("Recordar"), required=False, choices=REMIND)
    detail = forms.CharField(
        label=_("Detalle"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 3})
    )

    field_order = ["title", "due_at", "kind", "assignee", "remind", "detail"]

    def __init__(self, *args: Any, people: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["due_at"].required = True
        names = [(str(each.user_id), each.user.name) for each in people]
        self.fields["assignee"].choices = [("", _("Quien atiende el lead, o yo")), *names]  # type: ignore[attr-defined]  # a ChoiceField

    @classmethod
    def of(cls, task: Task, people: Iterable[Membership], data: Any = None) -> "TaskForm":
        known = {name: getattr(task, name) for name in ("title", "kind", "detail", "due_at")}
        form = cls(
            data, people=people, initial={**known, "assignee": str(task.assignee_id or ""), "remind": _ahead(task)}
        )
        if task.remind_at is not None and not form.initial["remind"]:  # set elsewhere, to a moment of its own
            form.fields["remind"].choices = [*REMIND, ("kept", _("Como está"))]  # type: ignore[attr-defined]  # a ChoiceField
            form.initial["remind"] = "kept"
        choices = form.fields["assignee"].choices  # type: ignore[attr-defined]  # a ChoiceField
        choices[0] = ("", _("Nadie"))
        if task.assignee_id and str(task.assignee_id) not in dict(choices):
            choices.append((str(task.assignee_id), str(task.assignee)))
        form.fields["assignee"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        return form

    def values(self, task: Task | None = None) -> dict[str, Any]:
        """What create_task and update_task take."""
        said = {name: self.cleaned_data[name] for name in ("title", "kind", "detail", "due_at")}
        remind = self.cleaned_data["remind"]
        if remind != "kept":
            said["remind_at"] = said["due_at"] - timedelta(minutes=int(remind)) if remind else None
        said["assignee"] = self.cleaned_data["assignee"] or None
        return said


def _ahead(task: Task) -> str:
    if task.remind_at is None:
        return ""
    minutes = str(int((task.due_at - task.remind_at).total_seconds() // 60))
    return minutes if minutes in dict(REMIND) else ""


class StepForm(QuickForm):
    """What comes next for a lead: a task, or why there is none until a day. Which of them, the button says."""

    title = forms.CharField(label=_("Qué sigue"), required=False, max_length=200)
    reason = forms.CharField(label=_("Por qué no hay un próximo paso"), required=False, max_length=300)
    until = forms.DateField(
        label=_("Hasta"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    field_order = ["title", "due_at", "reason", "until"]

    @property
    def explains(self) -> bool:
        return self.data.get("act") == "explain"

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        missing = {
            "reason": self.explains and _("Falta decir por qué no hay un próximo paso."),
            "until": self.explains and _("Falta hasta qué día."),
            "due_at": not self.explains and NO_DATE,
        }
        for name, message in missing.items():
            if message and not said.get(name) and name not in self.errors:
                self.add_error(name, message)
        return said


class FinishForm(QuickForm):
    """How a task ended, and the one that follows when there is one."""

    outcome = forms.CharField(label=_("Resultado"), required=False, max_length=300)
    title = forms.CharField(label=_("Qué sigue"), required=False, max_length=200)
    field_order = ["outcome", "title", "due_at"]

    def clean(self) -> dict[str, Any]:
        said = super().clean()
        if said.get("title") and not said.get("due_at") and "due_at" not in self.errors:
            self.add_error("due_at", NO_DATE)
        return said


class TaskFilter(forms.Form):
    """The words of the list's address."""

    q = forms.CharField(
        label=_("Buscar"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    whose = forms.ChoiceField(
        label=_("De quién"),
        required=False,
        choices=[("", _("Mías")), ("team", _("Del equipo")), ("all", _("Todas las que veo"))],
    )
    when = forms.ChoiceField(
        required=False, choices=[("", ""), *((each, each) for each in due.When)], widget=forms.HiddenInput
    )
    lead = forms.UUIDField(required=False, widget=forms.HiddenInput)
    contact = forms.UUIDField(required=False, widget=forms.HiddenInput)
