"""Django's admin as a company's workbench: our sign-in, our permission table, our audit trail, inside the company's walls.

Every page runs in the company's transaction, so another company's key is simply not found. What a service must do (moving
a lead, publishing an agent…) is read-only here or an action that calls the service.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist
from django.db import models, transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.lib.counts import Pages
from config.lib.errors import AppError
from tenants.access import page
from tenants.audit_access import audit_admin
from tenants.json_field import BoundedJSONField
from tenants.models import Membership, SystemEvent
from tenants.services.audit import record

GATE = "admin.open"
HISTORY = 50  # events shown of one row


class CompanySite(admin.AdminSite):
    """Entered by members who may change the company's settings; who may change what is each model's own matter."""

    site_header = site_title = gettext_lazy("Administración")
    index_title = gettext_lazy("Datos de la empresa")
    site_url = "/mi-dia/"
    empty_value_display = "—"
    final_catch_all_view = False

    def has_permission(self, request: HttpRequest) -> bool:
        member = getattr(request, "member", None)
        return member is not None and member.may(GATE)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        inner: Any = super().admin_view(view, cacheable)
        return audit_admin(view)(page(GATE)(inner))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Signing in and out and passwords have their pages elsewhere; nothing links by content type."""
        left_out = {"login", "logout", "password_change", "password_change_done", "view_on_site"}
        return [each for each in super().get_urls() if getattr(each, "name", None) not in left_out]


site = CompanySite()


class CompanyAdmin(admin.ModelAdmin):
    """A model of the entered company. Read-only unless a permission to write and a way to store are named.

    `store` is the service path of every form; `discard` the one of every removal.
    """

    reads: ClassVar[str] = GATE
    writes: ClassVar[str] = ""
    may_add: ClassVar[bool] = False
    may_change: ClassVar[bool] = True  # False = `writes` is for the actions only
    may_remove: ClassVar[bool] = False
    private: ClassVar[tuple[str, ...]] = ()  # never shown, not even read-only
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # a full count for each choice of each filter
    paginator = Pages
    formfield_overrides = {models.JSONField: {"form_class": BoundedJSONField}}
    actions_on_top = True
    actions_selection_counter = True
    view_on_site = False

    def get_urls(self) -> list[URLPattern]:
        """Without the forwarding from addresses that Django used before 1.9."""
        return [each for each in super().get_urls() if each.name is not None]

    # --- permissions: one table for pages, API and admin -------------------------------------------------
    def _may(self, request: HttpRequest, permission: str) -> bool:
        member = getattr(request, "member", None)
        return bool(permission) and member is not None and member.may(GATE) and member.may(permission)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self._may(request, self.reads)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self._may(request, self.reads)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_change and self._may(request, self.writes)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and self._may(request, self.writes)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return self.may_remove and self._may(request, self.writes)

    def has_work_permission(self, request: HttpRequest) -> bool:
        """For actions: `permissions=["work"]`."""
        return self._may(request, self.writes)

    # --- rows: record scope is the same as on pages ------------------------------------------------------------
    def visible(self, rows: models.QuerySet[Any], member: Membership) -> models.QuerySet[Any]:
        """Of the company's rows those that this member may see; models with an owner narrow it."""
        return rows

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return self.visible(super().get_queryset(request), request.member)  # type: ignore[attr-defined]  # behind GATE

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> models.Model | None:
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    # --- fields --------------------------------------------------------------------------------------------
    def get_exclude(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        return (*(super().get_exclude(request, obj) or ()), *self.private)

    def get_readonly_fields(self, request: HttpRequest, obj: models.Model | None = None) -> tuple[str, ...]:
        """Where nobody may change anything, also what no form would show: keys, times."""
        chosen = tuple(str(name) for name in super().get_readonly_fields(request, obj))
        if self.fields or (self.writes and self.may_change):
            return chosen
        shown = [each.name for each in self.model._meta.concrete_fields if each.name not in self.private]
        return (*shown, *(name for name in chosen if name not in shown))

    # --- writing -------------------------------------------------------------------------------------------
    def store(self, request: HttpRequest, obj: Any, fields: dict[str, Any], *, new: bool) -> models.Model:
        """Save through the service; `fields` are the changed ones, cleaned. Returns the saved row."""
        raise NotImplementedError

    def discard(self, request: HttpRequest, obj: Any) -> None:
        """Remove through the service."""
        raise NotImplementedError

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        names = form.changed_data if change else form.cleaned_data
        fields = {name: self._given(name, form.cleaned_data[name]) for name in names if self._is_field(name)}
        row = self.model._base_manager.get(pk=obj.pk) if change else obj
        obj.pk = self.store(request, row, fields, new=not change).pk

    def _given(self, name: str, value: Any) -> Any:
        """An emptied field of JSON comes as None, which its column does not hold."""
        column: Any = self.model._meta.get_field(name)
        return column.get_default() if value is None and not column.null else value

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.discard(request, obj)

    def _is_field(self, name: str) -> bool:
        try:
            self.model._meta.get_field(name)
        except FieldDoesNotExist:
            return False
        return True

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except AppError as error:
            if request.method != "POST":
                raise
            self.message_user(request, _refusal(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def each(self, request: HttpRequest, rows: Iterable[Any], work: Callable[[Any], object]) -> None:
        """An action over the chosen rows, each on its own: one refusal does not undo the others. Says how it went."""
        done = 0
        for row in rows:
            try:
                with transaction.atomic():
                    work(row)
                done += 1
            except AppError as error:
                self.message_user(request, f"{row}: {_refusal(error)}", messages.ERROR)
        if done:
            words = ngettext("Listo: %(count)d registro.", "Listo: %(count)d registros.", done) % {"count": done}
            self.message_user(request, words, messages.SUCCESS)

    # --- what was done goes to the audit trail, whose rows the services write -------------------------------
    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Noted by the service."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Noted by the service."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Noted by the service."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, unquote(object_id))
        if obj is None:
            raise Http404
        name = str(self.model._meta.model_name)
        events = SystemEvent.objects.filter(resource_type=name, resource_id=str(obj.pk)).order_by("-id")[:HISTORY]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Historia: %(name)s") % {"name": obj},
            "events": list(events),
            "opts": self.model._meta,
            "object": obj,
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404


class PlainAdmin(CompanyAdmin):
    """For the few models whose rows need no service: saved as they are, audited here."""

    def store(self, request: HttpRequest, obj: Any, fields: dict[str, Any], *, new: bool) -> models.Model:
        for name, value in fields.items():
            setattr(obj, name, value)
        obj.save(update_fields=None if new else list(fields))
        note(request, obj, "added" if new else "changed", {"fields": sorted(fields)})
        return obj

    def discard(self, request: HttpRequest, obj: Any) -> None:
        note(request, obj, "removed", {"name": str(obj)})
        obj.delete()


def note(request: HttpRequest, obj: models.Model, what: str, diff: dict[str, Any]) -> None:
    actor = request.actor  # type: ignore[attr-defined]  # set by the tenant middleware
    record(action=f"{obj._meta.model_name}.{what}", resource=obj, by=actor, diff=diff)


def _refusal(error: AppError) -> str:
    details = "; ".join(str(each) for each in (error.fields or {}).values())
    return f"{error.message} {details}".strip()


site.disable_action("delete_selected")
