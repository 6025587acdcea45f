"""One page from which every page of settings is found: those that exist, and that this person may open."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tenants.access import page
from tenants.requests import Request


@dataclass(frozen=True)
class Setting:
    """`says` is one line on what is decided there."""

    label: Promise
    href: str
    icon: str
    permission: str
    says: Promise


AGENDA = (
    Setting(_("Ajustes de la agenda"), "/ajustes/agenda/", icon="calendar-clock", permission="agenda.write", says=_("Servicios, feriados, días distintos y recordatorios.")),
    Setting(_("Página de reservas"), "/ajustes/agenda/pagina/", icon="globe", permission="agenda.manage", says=_("Para que los clientes reserven solos.")),
    Setting(_("Google Calendar"), "/ajustes/google-calendar/", icon="plug", permission="agenda.manage", says=_("Qué calendario es de quién, y si se puede leer.")),
)  # fmt: skip
GROUPS: tuple[tuple[Promise, tuple[Setting, ...]], ...] = (
    (
        _("Embudo y datos"),
        (
            Setting(_("Embudos y etapas"), "/ajustes/embudo/", icon="columns-3", permission="pipeline.read", says=_("Por dónde pasa un lead, quién aprueba cada paso y qué hace falta para ganar.")),
            Setting(_("Motivos de pérdida"), "/ajustes/motivos/", icon="circle-x", permission="pipeline.read", says=_("Por qué se pierden las ventas, para contarlas.")),
            Setting(_("Campos propios"), "/ajustes/campos/", icon="list-plus", permission="pipeline.read", says=_("Lo que esta empresa necesita saber y el sistema no trae.")),
            Setting(_("Etiquetas"), "/ajustes/etiquetas/", icon="tags", permission="pipeline.read", says=_("Nombres y colores para agrupar leads y contactos.")),
        ),
    ),
    (
        _("Cómo entran los leads"),
        (
            Setting(_("Formularios y entradas"), "/ajustes/formularios/", icon="clipboard-list", permission="forms.read", says=_("Formularios para un sitio y entradas desde otros sistemas.")),
            Setting(_("Importaciones"), "/importaciones/", icon="file-up", permission="leads.import", says=_("Planillas de contactos y leads.")),
            Setting(_("Contactos repetidos"), "/contactos/duplicados/", icon="copy", permission="contacts.write", says=_("Quiénes parecen la misma persona.")),
            Setting(_("Contactos bloqueados"), "/contactos/bloqueados/", icon="ban", permission="contacts.read", says=_("A quiénes no se atiende.")),
        ),
    ),
    (
        _("Quién atiende"),
        (
            Setting(_("Vendedores"), "/vendedores/", icon="users", permission="sellers.read", says=_("Horarios, capacidad, especialidades y ausencias.")),
            Setting(_("Reglas de asignación"), "/ajustes/reglas/", icon="split", permission="pipeline.read", says=_("A quién le toca cada lead nuevo.")),
            Setting(_("Horario de atención"), "/ajustes/horario/", icon="timer", permission="settings.write", says=_("Cuándo atiende la empresa y en cuánto quiere responder.")),
            Setting(_("Metas"), "/informes/metas/", icon="target", permission="sellers.write", says=_("Cuánto se quiere vender, por persona y por mes.")),
            Setting(_("Equipo"), "/equipo/", icon="users", permission="members.read", says=_("Quiénes entran y con qué rol.")),
            Setting(_("Roles y permisos"), "/permisos/", icon="user-check", permission="members.read", says=_("Qué puede hacer cada rol.")),
        ),
    ),
    (_("Agenda"), AGENDA),
    (
        _("Canales e IA"),
        (
            Setting(_("Canales"), "/canales/", icon="radio-tower", permission="channels.read", says=_("Por dónde escriben los clientes.")),
            Setting(_("Plantillas"), "/plantillas/", icon="file-text", permission="channels.read", says=_("Mensajes de WhatsApp aprobados, para escribir pasadas las 24 horas.")),
            Setting(_("Entregas"), "/entregas/", icon="send", permission="channels.read", says=_("Lo que no salió, por qué, y cómo enviarlo de nuevo.")),
            Setting(_("Tienda en línea"), "/ajustes/tienda/", icon="package", permission="channels.read", says=_("Productos, precios y pedidos de Tienda Nube, para que los agentes respondan con ellos.")),
            Setting(_("Agentes IA"), "/agentes/", icon="sparkles", permission="agents.read", says=_("Quién responde y con qué instrucciones.")),
            Setting(_("Resultados de la IA"), "/agentes/resultados/", icon="chart-column", permission="runs.read", says=_("Qué resolvió la IA, qué pasó a personas y por qué, y qué costó.")),
            Setting(_("Costos de la IA"), "/agentes/costos/", icon="receipt", permission="runs.read", says=_("Qué gastaron los modelos, la voz y los mensajes; tope, cotización y tarifas.")),
            Setting(_("Turnos de la IA"), "/agentes/turnos/", icon="history", permission="runs.read", says=_("Cada vez que la IA trabajó, cómo terminó y por qué.")),
            Setting(_("Conocimiento"), "/conocimiento/", icon="book-open", permission="knowledge.read", says=_("Lo que la IA puede consultar.")),
        ),
    ),
    (
        _("Empresa y seguridad"),
        (
            Setting(_("Credenciales"), "/credenciales/", icon="key-round", permission="credentials.write", says=_("Claves de los servicios de afuera, cifradas.")),
            Setting(_("Claves de integración"), "/claves/", icon="key-round", permission="keys.write", says=_("Para que otro programa lea y escriba por la API.")),
            Setting(_("Seguridad de la empresa"), "/seguridad/empresa/", icon="shield-check", permission="settings.write", says=_("Segundo factor para todos y sesiones.")),
            Setting(_("Datos personales"), "/datos-personales/", icon="file-lock", permission="contacts.erase", says=_("Copias y borrados que pidieron las personas.")),
            Setting(_("Auditoría"), "/auditoria/", icon="history", permission="audit.read", says=_("Quién hizo qué, y cuándo.")),
        ),
    ),
)  # fmt: skip


@page("pipeline.read")
@require_safe
def hub(request: Request) -> HttpResponse:
    groups = [(title, found) for title, links in GROUPS if (found := offered(request, links))]
    return render(request, "crm/settings.html", {"groups": groups})


def offered(request: Request, links: Iterable[Setting]) -> list[Setting]:
    """Those that exist and that the reader may open."""
    return [each for each in links if request.member.may(each.permission) and _served(request, each.href)]


def _served(request: HttpRequest, path: str) -> bool:
    """A link to a page that does not exist is never drawn."""
    try:
        resolve(path, getattr(request, "urlconf", None))
    except Resolver404:
        return False
    return True
