"""What every page needs for its frame: destinations the person may use, theme, company."""

from dataclasses import dataclass, field
from functools import cache

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.models import Membership, Tenant
from tenants.services import waiting

THEMES = frozenset({"light", "dark"})
TEAM = "/equipo/"


@dataclass(frozen=True)
class Destination:
    """A page of the main navigation. `go` is the letter after "g"; `bottom` puts it in the phone's bar."""

    label: Promise
    href: str
    icon: str
    permission: str = ""
    go: str = ""
    bottom: bool = False


MAIN = (
    Destination(_("Mi día"), "/mi-dia/", icon="sun-medium", permission="inbox.read", go="d", bottom=True),
    Destination(_("Bandeja"), "/bandeja/", icon="inbox", permission="inbox.read", go="i", bottom=True),
    Destination(_("Embudo"), "/embudo/", icon="columns-3", permission="leads.read", go="e", bottom=True),
    Destination(_("Agenda"), "/agenda/", icon="calendar-days", permission="agenda.read", go="a", bottom=True),
    Destination(_("Leads"), "/leads/", icon="filter", permission="leads.read", go="l"),
    Destination(_("Contactos"), "/contactos/", icon="contact-round", permission="contacts.read", go="c"),
    Destination(_("Clientes"), "/clientes/", icon="handshake", permission="clients.read"),
    Destination(_("Tareas"), "/tareas/", icon="list-checks", permission="tasks.read", go="t"),
    Destination(_("Tablero"), "/tablero/", icon="layout-dashboard", permission="reports.read"),
    Destination(_("Informes"), "/informes/", icon="chart-column", permission="reports.read"),
    Destination(_("Conocimiento"), "/conocimiento/", icon="book-open", permission="knowledge.read"),
    Destination(_("Agentes IA"), "/agentes/", icon="sparkles", permission="agents.read"),
    Destination(_("Canales"), "/canales/", icon="radio-tower", permission="channels.read"),
    Destination(_("Equipo"), TEAM, icon="users", permission="members.read"),
)
ACCOUNT = (
    Destination(_("Avisos"), "/avisos/", icon="bell", permission="inbox.read"),
    Destination(_("Aprobaciones"), "/aprobaciones/", icon="circle-check", permission="leads.approve"),
    Destination(_("Mi sesión"), "/sesion/", icon="user-round"),
    Destination(_("Ajustes"), "/ajustes/", icon="settings-2", permission="pipeline.read"),
    Destination(_("Cambiar de empresa"), "/empresas/", icon="building-2"),
    Destination(_("Roles y permisos"), "/permisos/", icon="user-check", permission="members.read"),
    Destination(_("Credenciales"), "/credenciales/", icon="key-round", permission="credentials.write"),
    Destination(_("Seguridad"), "/seguridad/", icon="shield-check"),
    Destination(_("Claves de integración"), "/claves/", icon="key-round", permission="keys.write"),
    Destination(_("Auditoría"), "/auditoria/", icon="history", permission="audit.read"),
    Destination(_("Administración"), "/admin/", icon="settings", permission="admin.open"),
)


@dataclass(frozen=True)
class Link:
    label: Promise
    href: str
    icon: str
    go: str
    bottom: bool
    current: bool
    count: int = 0  # of what waits there for this person


@dataclass(frozen=True)
class Shell:
    """`theme` is "" for the device's own choice; `live_scope` names whose live line this page listens to."""

    theme: str
    panel_closed: bool
    tenant: Tenant | None = None
    member: Membership | None = None
    nav: list[Link] = field(default_factory=list)
    account: list[Link] = field(default_factory=list)
    live_scope: str = ""

    @property
    def layout(self) -> str:
        """The frame of a page that may be seen by anybody, such as a refusal."""
        return "base.html" if self.member else "public/base.html"


@cache
def _served(path: str, urlconf: str | None) -> bool:
    """A link to a page that does not exist is never drawn."""
    try:
        resolve(path, urlconf)
    except Resolver404:
        return False
    return True


def _links(request: HttpRequest, member: Membership, destinations: tuple[Destination, ...]) -> list[Link]:
    urlconf = getattr(request, "urlconf", None)
    return [
        Link(
            to.label,
            to.href,
            to.icon,
            to.go,
            to.bottom,
            current=request.path.startswith(to.href),
            count=waiting.known(member.tenant_id) if to.href == TEAM and member.may("members.write") else 0,
        )
        for to in destinations
        if (not to.permission or member.may(to.permission)) and _served(to.href, urlconf)
    ]


def shell(request: HttpRequest) -> dict[str, Shell]:
    """No database statement: everything comes from the request."""
    theme = request.COOKIES.get("theme", "")
    theme = theme if theme in THEMES else ""
    panel_closed = request.COOKIES.get("panel") == "closed"
    member, tenant = getattr(request, "member", None), getattr(request, "tenant", None)
    if member is None or tenant is None:
        return {"shell": Shell(theme, panel_closed)}
    return {
        "shell": Shell(
            theme,
            panel_closed,
            tenant=tenant,
            member=member,
            nav=_links(request, member, MAIN),
            account=_links(request, member, ACCOUNT),
            live_scope=f"{tenant.pk}:{member.pk}",
        )
    }
