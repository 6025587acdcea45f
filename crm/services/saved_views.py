"""Saved views: a name for the filters and the order of a list."""

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Forbidden, Invalid, NotFound
from config.lib.ids import key_of
from config.lib.texts import storable
from crm.models import SavedView
from tenants.domain.actor import Actor
from tenants.models import Membership
from tenants.services.audit import record

# Where a list lives and what opening it needs.
HOMES = {
    SavedView.List.LEADS: ("/leads/", "leads.read"),
    SavedView.List.CONTACTS: ("/contactos/", "contacts.read"),
    SavedView.List.CLIENTS: ("/clientes/", "clients.read"),
    SavedView.List.TASKS: ("/tareas/", "tasks.read"),
}
PASSING = frozenset({"cursor", "csrfmiddlewaretoken", "ver", "limit"})  # of one look, not of the view
EDITABLE = frozenset({"name", "query", "is_shared", "position"})
MOST = 50  # of one person in one list
MOST_WORDS = 60  # of an address; more of them is nobody's filter


def seen_by(member: Membership, list: str = "") -> QuerySet[SavedView]:
    """The person's own and the shared ones, of one list or of all, in their order."""
    rows = SavedView.objects.filter(Q(owner=member.user_id) | Q(is_shared=True))
    return (rows.filter(list=list) if list else rows).order_by("position", "name", "pk")


def view_for(member: Membership, pk: object) -> SavedView:
    """One that the member may change: their own, or a shared one for whoever may share."""
    view = seen_by(member).filter(pk=key_of(pk)).first()
    if view is None:
        raise NotFound(_("Esa vista no existe."))
    if view.owner_id != member.user_id and not member.may("views.share"):
        raise Forbidden(_("Esa vista es de otra persona. Se puede guardar una propia con los mismos filtros."))
    return view


def save_view(*, list: str, name: str, query: str, member: Membership, by: Actor, is_shared: bool = False) -> SavedView:
    """A new one, last in order. Raises Invalid for an empty name or too long filters, Conflict for a name in use."""
    if list not in HOMES:
        raise Invalid(_("Esa lista no existe."), fields={"list": _("Valor desconocido.")})
    mine = SavedView.objects.filter(owner=member.user_id, list=list)
    last = mine.aggregate(last=Max("position"))["last"]
    if mine.count() >= MOST:
        raise Invalid(_("Ya hay %(n)d vistas en esta lista. Borrar alguna antes.") % {"n": MOST})
    view = SavedView(list=list, owner_id=member.user_id, position=0 if last is None else last + 1)
    _assign(view, {"name": name, "query": query, "is_shared": is_shared}, member)
    _save(view)
    record(action="view.created", resource=view, by=by, diff={"list": view.list, "shared": view.is_shared})
    return view


def update_view(*, view: SavedView, member: Membership, by: Actor, **fields: Any) -> SavedView:
    """Change name, filters, who sees it or its place."""
    _assign(view, fields, member)
    _save(view)
    record(action="view.updated", resource=view, by=by, diff={"fields": sorted(fields)})
    return view


def move_view(*, view: SavedView, by: Actor, up: bool) -> None:
    """One place up or down among those of the same person in this list; every place is numbered anew."""
    rows = [*SavedView.objects.select_for_update(no_key=True).filter(owner=view.owner_id, list=view.list)]
    at = next(n for n, each in enumerate(rows) if each.pk == view.pk)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(rows):
        return
    rows[at], rows[to] = rows[to], rows[at]
    for position, each in enumerate(rows):
        each.position = position
    SavedView.objects.bulk_update(rows, ["position"])
    record(action="view.updated", resource=view, by=by, diff={"fields": ["position"]})


def delete_view(*, view: SavedView, by: Actor) -> None:
    record(action="view.deleted", resource=view, by=by, diff={"list": view.list})
    view.delete()


def cleaned_query(text: str) -> str:
    """The filters of an address without what belongs to one look only: a cursor, an opened card."""
    pairs = parse_qsl(text.lstrip("?"), keep_blank_values=False)[:MOST_WORDS]
    return urlencode([(word, value) for word, value in pairs if word not in PASSING])


def _assign(view: SavedView, fields: dict[str, Any], member: Membership) -> None:
    unknown = set(fields) - EDITABLE
    if unknown:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(unknown))})
    for name, value in fields.items():
        setattr(view, name, value.strip() if isinstance(value, str) else value)
    wrong = {}
    if not view.name or len(view.name) > 80 or not storable(view.name):
        wrong["name"] = _("Un nombre de 1 a 80 letras.")
    try:
        view.query = cleaned_query(view.query)
    except ValueError:
        wrong["query"] = _("Los filtros no se entienden.")
    if len(view.query) > 2000 or not storable(view.query):
        wrong["query"] = _("Los filtros son demasiado largos.")
    if wrong:
        raise Invalid(_("Revisar los datos de la vista."), fields=wrong)
    if fields.get("is_shared") and not member.may("views.share"):
        message = _("Su rol no permite compartir vistas.")
        raise Forbidden(message, fields={"is_shared": message})


def _save(view: SavedView) -> None:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        message = _("Ya hay una vista con ese nombre.")
        raise Conflict(message, fields={"name": message}) from error
