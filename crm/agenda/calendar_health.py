"""How Google Calendar fares, in words: what is wrong, what it means for the agenda, and what to do."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from crm.agenda import connection, hours
from crm.models import CalendarConflict, CalendarConnection, ExternalCalendar, Seller

State, Known = CalendarConnection.State, ExternalCalendar.State


@dataclass(frozen=True)
class Line:
    """One calendar. `kind` as a badge's; `says` what follows and what to do, empty when all is well."""

    calendar: ExternalCalendar
    label: str
    kind: str
    says: str = ""


@dataclass(frozen=True)
class Health:
    """`bare`: sellers without a calendar. `has_conflicts`: some wait for a person."""

    connection: CalendarConnection | None
    label: str
    kind: str
    says: str
    lines: list[Line]
    bare: list[Seller]
    has_conflicts: bool

    @property
    def is_service(self) -> bool:
        return self.connection is not None and self.connection.way == CalendarConnection.Way.SERVICE


def read() -> Health:
    """Four statements, however many calendars there are."""
    row = connection.current()
    calendars = list(ExternalCalendar.objects.select_related("seller").order_by("name", "pk"))
    owners = {each.seller_id for each in calendars}
    people = [each for each in Seller.objects.filter(is_active=True).order_by("name") if each.pk not in owners]
    label, kind, says = _connection(row)
    lines = [_line(each) for each in sorted(calendars, key=lambda each: each.seller_id is None)]
    has_conflicts = CalendarConflict.objects.filter(resolved_at=None).exists()
    return Health(row, label, kind, says, lines, people, has_conflicts)


def _connection(row: CalendarConnection | None) -> tuple[str, str, str]:
    if row is None:
        return _("Sin conectar"), "", ""
    if row.state == State.CONNECTED:
        return _("Conectado"), "money", row.error
    if row.state == State.FAILING:
        return _("Con problemas"), "needs", f"{row.error} {_('Se vuelve a intentar solo.')}".strip()
    means = _("Mientras tanto no se ofrecen los horarios de quienes tienen calendario.")
    return _("Sin permiso"), "fail", f"{row.error} {means}".strip()


def _line(row: ExternalCalendar) -> Line:
    if row.state == Known.GONE:
        return Line(row, _("Ya no está"), "fail", _gone(row))
    if row.seller is None:
        return Line(row, _("De nadie: no se lee"), "")
    waits = _("Mientras tanto no se ofrecen los horarios de %(name)s.") % {"name": row.seller.name}
    if row.state == Known.NEW:
        return Line(row, _("Sin leer todavía"), "needs", waits)
    if row.state == Known.FAILING:
        return Line(
            row, _("No se puede leer"), "fail", f"{row.error} {_('Se vuelve a intentar solo.')} {waits}".strip()
        )
    if hours.is_old(row.state, row.synced_at):
        return Line(row, _("Atrasado"), "needs", _("Hace rato que no se puede leer; se mira en vivo antes de ofrecer."))
    return Line(row, _("Al día"), "money")


def _gone(row: ExternalCalendar) -> str:
    if row.seller is None:
        return _("Compartirlo con la cuenta y probar de nuevo, o quitarlo de aquí.")
    return _(
        "No se ofrecen los horarios de %(name)s: compartir el calendario otra vez con la cuenta, o quitárselo a %(name)s."
    ) % {"name": row.seller.name}
