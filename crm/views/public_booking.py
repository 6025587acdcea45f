"""The page where visitors book by themselves, and where they see, move or cancel what they booked.

As at the other doors of strangers (crm.views.doors) no cookie is read or set and no CSRF token is needed. The page speaks
the visitor's language; the company is the one of the address.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from config.lib.days import lowered
from config.lib.errors import AppError, NotFound, RateLimited
from crm.agenda import ics, manage_links, offers, public
from crm.agenda import settings as agenda_settings
from crm.agenda.booking import Taken
from crm.domain import attribution
from crm.domain.colors import color_or_default
from crm.forms.public_booking import VisitorForm, zone_choices, zone_of, zone_words
from crm.models import AgendaEvent, AgendaSettings, Service
from crm.views.doors import too_large
from tenants.access import open_page
from tenants.context import current_tenant, tenant_context
from tenants.models import Tenant
from tenants.requests import Request
from tenants.services import limits, registry
from tenants.services.audit import Origin, trail
from tenants.services.client_address import client_ip

# Whatever the reason: nothing tells the cases apart.
NOWHERE = gettext_lazy("Esta página de reservas no existe o ya no está abierta.")
DAYS = 7  # shown at a time
DONE = "listo"

View = Callable[..., HttpResponseBase]


def _door(view: View) -> View:
    """`view(request, settings, …)` inside the company of the address, in one transaction around the answer."""

    @open_page
    @csrf_exempt
    @never_cache
    @wraps(view)
    def entered(request: Request, company: str, **more: Any) -> HttpResponseBase:
        tenant = registry.by_slug(company)
        if tenant is None or tenant.status != Tenant.Status.ACTIVE:
            raise NotFound(NOWHERE)
        origin = Origin(client_ip(request), request.headers.get("User-Agent", ""))
        with trail(origin), tenant_context(tenant):
            limits.check("booking", tenant.pk, client_ip(request))
            return view(request, agenda_settings.current(), **more)

    return entered


# --- taking a time ----------------------------------------------------------------------------------------------


@_door
@require_safe
def services(request: Request, settings: AgendaSettings) -> HttpResponse:
    """What may be booked."""
    _refuse_closed(settings)
    offered = public.services()
    if len(offered) == 1:
        return HttpResponse(status=302, headers={"Location": f"{request.path}{offered[0].pk}/"})
    return _page(request, settings, "services", {"services": offered})


@_door
@require_safe
def times(request: Request, settings: AgendaSettings, service: uuid.UUID) -> HttpResponse:
    """The free times of a week, in the visitor's zone."""
    chosen = _service(settings, service)
    return _page(request, settings, "times", {"service": chosen, **_week(request, chosen), "next": "datos/"})


@_door
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: Request, settings: AgendaSettings, service: uuid.UUID) -> HttpResponse:
    """Who books the chosen time. What was written stays after an error, also when somebody else was faster."""
    chosen = _service(settings, service)
    if request.method == "POST":
        return _sent(request, settings, chosen)
    form = VisitorForm(initial={"oferta": request.GET.get("oferta", "")}, consent=settings.page_consent)
    return _details(request, settings, chosen, form)


def _sent(request: Request, settings: AgendaSettings, service: Service) -> HttpResponse:
    if too_large(request):
        return _details(request, settings, service, VisitorForm(), refusal=_("Es demasiado largo."), status=413)
    form = VisitorForm(request.POST, consent=settings.page_consent)
    try:
        limits.check("public", current_tenant().pk, "booking", client_ip(request))
    except RateLimited as error:
        answer = _details(request, settings, service, form, refusal=str(error.message), status=429)
        answer["Retry-After"] = str(error.retry_after)
        return answer
    if not form.is_valid():
        return _details(request, settings, service, form, status=422)
    try:
        if form.cleaned_data["website"] or not _is_for(service, form.cleaned_data["oferta"]):
            raise AppError(_refusal(), code="blocked", status=409)
        event = public.book(offer=form.cleaned_data["oferta"], visitor=_visitor(request, settings, form))
    except Taken as error:
        return _gone(request, settings, service, error)
    except AppError as error:
        words = _refusal() if error.code == "blocked" else str(error.message)
        return _details(request, settings, service, form, refusal=words, status=error.status)
    return _go(request, manage_links.path_of(event), {DONE: "1"})


def _visitor(request: Request, settings: AgendaSettings, form: VisitorForm) -> public.Visitor:
    said = form.cleaned_data
    came = attribution.of_params(request.GET, page=request.build_absolute_uri(request.path))
    consent = settings.page_consent or str(form.fields["consent"].label)
    return public.Visitor(said["name"], said["phone"], said["email"], consent, came)


def _gone(request: Request, settings: AgendaSettings, service: Service, error: Taken) -> HttpResponse:
    """Somebody was faster: the same page with three other times to choose from."""
    zone = ZoneInfo(_zone(request))
    others = [(slot.offer, moment_words(slot.start, zone)) for slot in error.alternatives]
    form = VisitorForm(
        {**request.POST.dict(), "oferta": ""} if others else request.POST,
        consent=settings.page_consent,
        alternatives=others,
    )
    form.errors.clear()
    words = _("Alguien tomó ese horario hace un momento.")
    return _details(request, settings, service, form, refusal=words, others=bool(others), status=409)


def _details(
    request: Request,
    settings: AgendaSettings,
    service: Service,
    form: VisitorForm,
    *,
    refusal: str = "",
    others: bool = False,
    status: int = 200,
) -> HttpResponse:
    try:
        said = None if others else offers.read(str(form["oferta"].value() or ""))
    except AppError as error:
        said, refusal = None, refusal or str(error.message)
    start = said.start if said else None
    context = {"form": form, "refusal": refusal, "others": others, "service": service, "again": _again(request)}
    return _page(request, settings, "details", {**context, **_moment(request, start)}, status=status)


# --- what was booked --------------------------------------------------------------------------------------------


@_door
@require_safe
def appointment(request: Request, settings: AgendaSettings, token: str) -> HttpResponse:
    """One appointment, for whoever holds its address."""
    event = _event(token)
    context = {"event": event, "subject": ics.subject(event), "done": DONE in request.GET}
    context |= {"move_to": f"mover/{_again(request)}", "cancel_at": f"cancelar/{_again(request)}"}
    more = {"may_change": public.may_change(event), "is_over": event.ends_at <= timezone.now()}
    return _page(request, settings, "appointment", {**context, **more, **_moment(request, event.starts_at)})


@_door
@require_safe
def file(request: Request, settings: AgendaSettings, token: str) -> HttpResponse:
    """The appointment for the visitor's own calendar."""
    answer = HttpResponse(ics.attachment(_event(token)), content_type=ics.MIME)
    answer["Content-Disposition"] = 'attachment; filename="cita.ics"'
    return answer


@_door
@require_http_methods(["GET", "HEAD", "POST"])
def move(request: Request, settings: AgendaSettings, token: str) -> HttpResponse:
    """Another time for the same appointment: chosen, looked at once more, moved."""
    event = _changeable(token)
    offer = request.POST.get("oferta", "") if request.method == "POST" else request.GET.get("oferta", "")
    context = {"event": event, "subject": ics.subject(event), "service": event.service}
    if not offer:
        return _page(request, settings, "times", {**context, **_week(request, event.service, event), "next": ""})
    refusal, start, status = "", None, 200
    try:
        start = offers.read(offer).start
        if request.method == "POST":
            return _go(request, manage_links.path_of(public.move(event=event, offer=offer)), {DONE: "1"})
    except AppError as error:
        refusal, status = str(error.message), error.status
        start = None
    context |= {"refusal": refusal, "offer": offer, **_moment(request, start), "was": _moment(request, event.starts_at)}
    return _page(request, settings, "move", context, status=status)


@_door
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: Request, settings: AgendaSettings, token: str) -> HttpResponse:
    event = _changeable(token)
    if request.method == "POST":
        return _go(request, manage_links.path_of(public.cancel(event=event)), {})
    context = {"event": event, "subject": ics.subject(event), **_moment(request, event.starts_at)}
    return _page(request, settings, "cancel", context)


def _event(token: str) -> AgendaEvent:
    event = manage_links.event_of(token)
    if event is None:
        raise NotFound(_("Esta cita no existe."))
    return event


def _changeable(token: str) -> AgendaEvent:
    event = _event(token)
    if not public.may_change(event):
        raise AppError(_("Esta cita ya no se puede cambiar por aquí. %(write)s") % {"write": _write_us()}, status=409)
    return event


# --- parts ------------------------------------------------------------------------------------------------------


def _refuse_closed(settings: AgendaSettings) -> None:
    if not settings.page_on:
        raise NotFound(NOWHERE)


def _service(settings: AgendaSettings, pk: uuid.UUID) -> Service:
    _refuse_closed(settings)
    found = public.service_of(pk)
    if found is None:
        raise NotFound(NOWHERE)
    return found


def _is_for(service: Service, offer: str) -> bool:
    """Whether the offer is one of this page's: what a person of the company was offered is no business of a visitor."""
    said = offers.read(offer, late=True)
    return said.service == service.pk and said.contact is None


def _write_us() -> str:
    return _("Comunicarse con %(company)s.") % {"company": current_tenant().name}


def _refusal() -> str:
    return _("No se puede tomar la cita por aquí. %(write)s") % {"write": _write_us()}


@dataclass(frozen=True)
class Day:
    """A day of the visitor's with its free times: (clock, offer)."""

    words: str
    times: list[tuple[str, str]]


def _week(request: Request, service: Service | None, moving: AgendaEvent | None = None) -> dict[str, Any]:
    """What the list of times draws. A company whose calendar cannot be read offers nothing and says what to do."""
    zone = ZoneInfo(_zone(request))
    now = timezone.now()
    today = now.astimezone(zone).date()
    begin = max(_day(request.GET.get("desde", "")) or today, today)
    first, last = (_midnight(begin + timedelta(days=n), zone) for n in (0, DAYS))
    found = public.week(service=service, first=max(first, now), last=last, moving=moving)
    days: dict[date, list[tuple[str, str]]] = {}
    for slot in public.times(found):
        here = slot.start.astimezone(zone)
        days.setdefault(here.date(), []).append((here.strftime("%H:%M"), slot.offer))
    unknown = bool(found.unknown) and not days
    later = None if days or unknown else public.next_day(service=service, after=last, moving=moving)
    horizon = today + timedelta(days=service.horizon_days if service else 60)
    return {
        "days": [Day(day_words(day), clocks) for day, clocks in days.items()],
        "unreadable": _("Ahora no se puede ver la agenda. %(write)s") % {"write": _write_us()} if unknown else "",
        "later": _link(request, later.astimezone(zone).date()) if later else "",
        "later_words": day_words(later.astimezone(zone).date()) if later else "",
        "earlier_week": _link(request, max(begin - timedelta(days=DAYS), today)) if begin > today else "",
        "later_week": _link(request, begin + timedelta(days=DAYS)) if begin + timedelta(days=DAYS) <= horizon else "",
        "begin": begin.isoformat(),
    }


def _link(request: Request, day: date) -> str:
    return "?" + urlencode({"desde": day.isoformat(), "zona": _zone(request)})


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year < 9000 else None


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _zone(request: Request) -> str:
    """The visitor's, as the page was told; else the company's."""
    return zone_of(request.GET.get("zona", ""), current_tenant().timezone)


def day_words(day: date) -> str:
    """ "martes 24 de noviembre"."""
    return lowered(date_format(day, _("l j \\d\\e F")))


def moment_words(start: datetime, zone: ZoneInfo) -> str:
    here = start.astimezone(zone)
    return f"{day_words(here.date())}, {here:%H:%M}"


def _moment(request: Request, start: datetime | None) -> dict[str, str]:
    """A time as the visitor reads it."""
    zone = _zone(request)
    return {
        "when": moment_words(start, ZoneInfo(zone)) if start else "",
        "zone_words": zone_words(zone, timezone.now()),
    }


def _offset(zone: str, now: datetime) -> timedelta | None:
    return now.astimezone(ZoneInfo(zone)).utcoffset()


def _again(request: Request) -> str:
    return "?" + urlencode({"zona": _zone(request)})


def _go(request: Request, path: str, more: dict[str, str]) -> HttpResponse:
    zone = _zone(request)
    said = {**more, **({"zona": zone} if zone != current_tenant().timezone else {})}
    return HttpResponse(status=303, headers={"Location": path + (f"?{urlencode(said)}" if said else "")})


def _page(
    request: Request, settings: AgendaSettings, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    company, zone, now = current_tenant(), _zone(request), timezone.now()
    frame = {
        "company": company,
        "home": f"/reservar/{company.slug}/",
        "settings": settings,
        "color": color_or_default(settings.page_color or "teal"),
        "zone": zone,
        "zone_differs": _offset(zone, now) != _offset(company.timezone, now),
        "zones": zone_choices(zone, company.timezone, now),
        "home_zone": zone_words(company.timezone, now),
        "write_us": _write_us(),
    }
    return render(request, f"crm/booking/{name}.html", {**frame, **context}, status=status)
