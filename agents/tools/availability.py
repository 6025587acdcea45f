"""The tools that only look: which times are free, and which appointments the person has."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from agents.tools.agenda import (
    Ask,
    Customer,
    Picked,
    appointments,
    customer,
    kept,
    listed,
    numbered,
    offered_now,
    standing,
)
from agents.tools.base import JSON, Receipt, Tool, ToolContext, ToolResult, schema, text
from crm.agenda import hours, rotation
from crm.agenda.availability import Found, Slot, free
from crm.domain.names import name_words
from crm.domain.search import searchable
from crm.domain.spoken_dates import Window, understand
from crm.models import AgendaEvent, Seller, Service
from tenants.context import tenant_context

AHEAD = timedelta(days=14)  # searched when no day is named, and around the named one when it is full
LONG = timedelta(days=8)  # who names no week wants it soon; of a week its first, middle and last day are told
NEAREST = 3  # options instead of a time that is taken
MOST_DAYS = 3
PER_DAY = {1: 6, 2: 3, 3: 2}  # options of a day, by how many days have some
MOST_SLOTS = 400
# Readings that can be looked at: every option says its date.
CLEAR_ENOUGH = frozenset({"no_day", "only_excluded"})

Item = TypeVar("Item")


def check_seller_availability(context: ToolContext, arguments: JSON) -> ToolResult:
    """Free times as numbered options, or what has to be asked first. May wait for calendars; it holds no lock."""
    with tenant_context(context.tenant):
        who = customer(context)
        try:
            search = _search(who, arguments)
            found, asked_for = search.run()
        except Ask as ask:
            return ask.result
        before = standing(context, who, of_this_turn=True)
        new = offered_now(found, who, before=before)
        data = {"options": listed(new, who), **who.elsewhere(), **({} if asked_for else {"asked_time_is_free": False})}
        return ToolResult(True, data, kept=kept([*before, *new]))


class _Search:
    """What is looked for, and for whom."""

    def __init__(
        self,
        who: Customer,
        *,
        service: Service | None,
        sellers: list[Seller] | None,
        windows: Sequence[Window],
        moving: AgendaEvent | None,
    ) -> None:
        self.who, self.service, self.sellers, self.windows, self.moving = who, service, sellers, windows, moving

    def run(self) -> tuple[list[Picked], bool]:
        """The slots to tell of, and whether they are at the time asked for. Raises Ask when there are none."""
        first, last = min(each.start for each in self.windows), max(each.end for each in self.windows)
        found = self._free(first, last)
        fitting = [slot for slot in found.slots if any(each.start <= slot.start < each.end for each in self.windows)]
        exact = {each.start for each in self.windows if each.exact}
        named = [slot for slot in fitting if slot.start in exact]
        if fitting:
            return self._spread(named or fitting), bool(named) or not exact
        wider = self._free(max(self.who.now, first - timedelta(days=1)), last + AHEAD)
        if wider.slots:
            nearest = sorted(self._by_time(wider.slots), key=lambda start: (abs(start - first), start))[:NEAREST]
            return [self._of_time(wider.slots, start) for start in sorted(nearest)], False
        if found.unknown or wider.unknown:
            raise unseen()
        raise Ask(_("No hay horarios libres en esos días. Preguntá si le sirve otra fecha."), why="none_free")

    def _free(self, first: datetime, last: datetime) -> Found:
        return free(
            service=self.service,
            sellers=self.sellers,
            first=first,
            last=last,
            contact=self.who.contact,
            moving=self.moving,
            most=MOST_SLOTS,
        )

    def _by_time(self, slots: Sequence[Slot]) -> list[datetime]:
        return list(dict.fromkeys(slot.start for slot in slots))

    def _of_time(self, slots: Sequence[Slot], start: datetime) -> Picked:
        """Who would attend at that time: the same seller when an appointment moves, else as the agenda chooses."""
        here = [slot for slot in slots if slot.start == start]
        if self.moving is not None:
            here = [slot for slot in here if slot.seller.pk == self.moving.seller_id] or here
        return rotation.choose(here, contact=self.who.contact)

    def _spread(self, slots: Sequence[Slot]) -> list[Picked]:
        """A few times of a few days, from the first to the last of each."""
        days: dict[object, list[datetime]] = defaultdict(list)
        for start in self._by_time(slots):
            days[start.astimezone(self.who.zone).date()].append(start)
        far = max(each.end for each in self.windows) - min(each.start for each in self.windows) > LONG
        shown = list(days)[:MOST_DAYS] if far else _evenly(list(days), MOST_DAYS)
        times = [start for day in shown for start in _evenly(days[day], PER_DAY[len(shown)])]
        return [self._of_time(slots, start) for start in times]


def _search(who: Customer, arguments: JSON) -> _Search:
    own = appointments(who.contact) if arguments.get("change") else []
    moving = own[0] if len(own) == 1 else None
    service = _service(str(arguments.get("service") or ""), moving)
    return _Search(
        who,
        service=service,
        sellers=_sellers(str(arguments.get("seller") or ""), service),
        windows=_windows(str(arguments.get("when") or "").strip(), who),
        moving=moving,
    )


def _evenly(items: Sequence[Item], most: int) -> list[Item]:
    """At most so many, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def _windows(said: str, who: Customer) -> Sequence[Window]:
    """When it should be. Raises Ask when the words say no time, or two."""
    if not said:
        return [Window(who.now, who.now + AHEAD)]
    understood = understand(said, now=who.now)
    windows, why = understood.windows, understood.why
    # One reading is looked at, whatever made it doubtful: every option says its date.
    if windows and (understood.sure or why in CLEAR_ENOUGH or (len(windows) == 1 and why != "weekday_mismatch")):
        return windows
    readings = list(dict.fromkeys(reading for each in windows for reading in _readings(each, who)))
    words = {
        "past": _("Ese día u hora ya pasó. Preguntá qué otro día le sirve."),
        "two_readings": _("Se puede entender de dos maneras: %(readings)s. Preguntá cuál.") % {"readings": " / ".join(readings)},
        "weekday_mismatch": _("El día de la semana y la fecha no coinciden: %(readings)s. Preguntá cuál.") % {"readings": " / ".join(readings)},
        "no_such_date": _("Esa fecha no existe. Preguntá qué día quiso decir."),
        "no_such_time": _("Esa hora no existe ese día, porque cambia la hora. Preguntá otra."),
    }  # fmt: skip
    message = words.get(
        understood.why, _("No se entendió qué día u hora. Preguntá qué día le sirve y si a la mañana o a la tarde.")
    )
    raise Ask(message, why=why or "nothing", **({"readings": readings} if readings else {}))


def _readings(window: Window, who: Customer) -> list[str]:
    """A window in words: its moment, or its first and last day."""
    if window.exact:
        return [who.spoken(window.start)]
    return [who.day(window.start), who.day(window.end - timedelta(minutes=1))]


def _service(name: str, moving: AgendaEvent | None) -> Service | None:
    """The service of that name; the only one when none is named. Raises Ask when it has to be told which."""
    if moving is not None and not name:
        return moving.service
    rows = list(Service.objects.filter(is_active=True))
    if not name:
        if len(rows) < 2:
            return rows[0] if rows else None
        names = [row.name for row in rows]
        message = _("Preguntá para qué servicio es: %(names)s.") % {"names": ", ".join(names)}
        raise Ask(message, why="which_service", services=names)
    wanted = set(searchable(name).split())
    found = [row for row in rows if searchable(row.name) == searchable(name)]
    found = found or [row for row in rows if wanted & _long(row.name)]
    if len(found) == 1 or not rows:
        return found[0] if found else None
    names = [row.name for row in found or rows]
    message = _("Ese servicio no existe o hay varios parecidos. Los que hay: %(names)s.") % {"names": ", ".join(names)}
    raise Ask(message, why="which_service", services=names)


def _long(name: str) -> set[str]:
    return {word for word in searchable(name).split() if len(word) > 3}


def _sellers(name: str, service: Service | None) -> list[Seller] | None:
    """Who is named; None = whoever attends. Raises Ask when nobody of that name does."""
    wanted = name_words(name)
    if not wanted:
        return None
    rows = list(hours.attending(service).order_by("name"))
    found = [row for row in rows if wanted <= name_words(row.name)]
    if found:
        return found
    names = [row.name for row in rows]
    message = _("Nadie con ese nombre atiende eso. Atienden: %(names)s.") % {"names": ", ".join(names)}
    raise Ask(message, why="which_seller", sellers=names)


def unseen() -> Ask:
    """The agenda cannot be seen: nothing is free that was not read."""
    message = _(
        "Ahora no se puede ver la agenda. No ofrezcas ni prometas ningún horario: decilo y ofrecé que responda una persona."
    )
    return Ask(message, why="agenda_unknown")


def my_appointments(context: ToolContext, arguments: JSON) -> ToolResult:
    """The person's own that are still to come."""
    who = customer(context)
    own = appointments(who.contact)
    receipt = Receipt("appointments", _("Consultó las citas de la persona")) if own else None
    return ToolResult(True, {"appointments": numbered(own, who), **who.elsewhere()}, receipt=receipt)


CHECK_SELLER_AVAILABILITY = Tool(
    name="check_seller_availability",
    label=gettext_lazy("Ver horarios libres"),
    description=gettext_noop("Busca horarios libres en la agenda real y los da numerados."),
    protocol=(
        "Usala antes de nombrar cualquier horario, con las palabras de la persona en `when` («el martes a la tarde»)."
        " Ofrecé solo lo que devuelve, con sus números. Si la persona quiere cambiar la cita que ya tiene, `change` es true."
        " Si no se puede ver la agenda, decilo, no ofrezcas nada y ofrecé que responda una persona."
    ),
    parameters=schema(
        when=text("Cuándo, con las palabras de la persona; vacío si le da igual", longest=300),
        service=text("Servicio, si lo dijo", longest=120),
        seller=text("Con quién, si lo pidió", longest=120),
        change={"type": "boolean", "description": "true si es para mover la cita que ya tiene"},
    ),
    run=check_seller_availability,
    permission="agenda.write",
    # Reading external calendars waits for a provider.
    in_transaction=False,
)
MY_APPOINTMENTS = Tool(
    name="my_appointments",
    label=gettext_lazy("Ver las citas de la persona"),
    description=gettext_noop("Da las citas que tiene la persona que está escribiendo."),
    protocol="Usala antes de decir qué cita tiene la persona, o cuando pregunta por la suya.",
    parameters=schema(),
    run=my_appointments,
    permission="agenda.write",
)
