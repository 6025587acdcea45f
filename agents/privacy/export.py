"""A person's data as one ZIP: a JSON file for each noun, their files, the talk as text, and a page that explains it."""

import json
import logging
import zipfile
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from typing import IO, Any
from uuid import UUID

from django.db import DatabaseError
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents.models import PrivacyRequest
from agents.privacy import copies, people
from agents.services import privacy as agents
from crm.services import privacy as crm
from messaging.services import privacy as messaging
from messaging.services import privacy_raw as raw
from tenants.context import tenant_context
from tenants.domain.privacy import Subject
from tenants.models import Tenant
from tenants.services import redaction

logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
LATER = timedelta(seconds=60)
LANGUAGES = ("es", "en")
TITLES = {
    "contact": gettext_lazy("Datos del contacto"),
    "identities": gettext_lazy("Direcciones en los canales"),
    "leads": gettext_lazy("Ventas posibles"),
    "stage_changes": gettext_lazy("Pasos de las ventas"),
    "points": gettext_lazy("Otros teléfonos y correos"),
    "consents": gettext_lazy("Consentimientos"),
    "touches": gettext_lazy("De dónde llegó"),
    "stage_requests": gettext_lazy("Pasos que esperaron aprobación"),
    "assignments": gettext_lazy("Quién atendió sus ventas y por qué"),
    "conversions": gettext_lazy("Conversiones a cliente"),
    "tasks": gettext_lazy("Tareas del equipo"),
    "appointments": gettext_lazy("Citas"),
    "calendar_conflicts": gettext_lazy("Lo que decía Google Calendar de una cita"),
    "notes": gettext_lazy("Notas del equipo"),
    "merges": gettext_lazy("Contactos que se unieron"),
    "submissions": gettext_lazy("Formularios enviados"),
    "import_rows": gettext_lazy("Filas de planillas importadas"),
    "conversations": gettext_lazy("Conversaciones"),
    "messages": gettext_lazy("Mensajes"),
    "attachments": gettext_lazy("Archivos enviados y recibidos"),
    "scheduled_messages": gettext_lazy("Mensajes programados"),
    "agent_runs": gettext_lazy("Qué hizo la IA con los mensajes"),
    "tool_calls": gettext_lazy("Herramientas que usó la IA"),
    "assistance_reports": gettext_lazy("Informes de la IA"),
    "chat_summaries": gettext_lazy("Resúmenes de chats"),
    "pending_acts": gettext_lazy("Lo que la IA propuso y esperó permiso"),
    "team_questions": gettext_lazy("Lo que la IA preguntó al equipo, y la respuesta"),
    "assessments": gettext_lazy("Cómo terminó cada chat con la IA, y lo que el equipo corrigió"),
    "triage": gettext_lazy("De qué trató cada chat con la IA y qué tan urgente era"),
    "received": gettext_lazy("Lo que entregó el proveedor del canal, tal como llegó"),
    "notices": gettext_lazy("Avisos del proveedor"),
    "emails": gettext_lazy("Correos"),
    "trail": gettext_lazy("Qué se hizo con estos datos y cuándo"),
}
WRITERS = {
    "contact": gettext_lazy("Usted"),
    "agent": gettext_lazy("IA"),
    "user": gettext_lazy("Equipo"),
    "system": gettext_lazy("Sistema"),
}
Rows = Callable[[], Iterator[dict[str, Any]]]


def write(*, tenant: Tenant, contact_id: UUID, file: IO[bytes]) -> dict[str, int]:
    """Write the ZIP to `file`; how many entries of each noun it has. Opens a short transaction for each noun."""
    with tenant_context(tenant):
        subject = people.find(contact_id)
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for noun, rows in nouns(tenant, subject).items():
            with tenant_context(tenant):
                counts[noun] = _write_rows(archive, f"{noun}.json", rows())
        with tenant_context(tenant):
            _write_talk(archive, crm_name(subject), messaging.nouns(subject)["messages"]())
        with tenant_context(tenant):
            counts["files"] = _write_files(archive, tenant, subject)
        archive.writestr("README.html", _readme(tenant, counts))
    return counts


def nouns(tenant: Tenant, subject: Subject) -> dict[str, Rows]:
    """Every file of the export, each with the rows it holds."""
    return {
        **crm.nouns(subject),
        **messaging.nouns(subject),
        **agents.nouns(subject),
        "received": lambda: raw.received(tenant, subject),
        "notices": lambda: raw.notices(subject),
        **redaction.nouns(tenant, subject),
    }


def crm_name(subject: Subject) -> str:
    """How the company calls the person; for the transcript."""
    return next((str(row["name"]) for row in crm.nouns(subject)["contact"]() if row["name"]), "")


def _write_rows(archive: zipfile.ZipFile, name: str, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with archive.open(name, "w", force_zip64=True) as out:
        out.write(b"[")
        for row in rows:
            text = json.dumps(row, ensure_ascii=False, indent=1, default=str)
            out.write((",\n" if count else "\n").encode() + text.encode("utf-8", "replace"))
            count += 1
        out.write(b"\n]\n")
    return count


def _write_talk(archive: zipfile.ZipFile, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """The messages as a person reads them, in order."""
    with archive.open("messages.txt", "w", force_zip64=True) as out:
        for row in rows:
            who = name or str(WRITERS["contact"]) if row["author"] == "contact" else str(WRITERS.get(row["author"], ""))
            line = f"{row['created_at']:%Y-%m-%d %H:%M} · {who}: {row['text'] or '[' + str(row['kind']) + ']'}\n"
            out.write(line.encode("utf-8", "replace"))


def _write_files(archive: zipfile.ZipFile, tenant: Tenant, subject: Subject) -> int:
    count = 0
    for name, path in messaging.files(tenant, subject):
        try:
            archive.write(path, f"files/{name}", compress_type=zipfile.ZIP_STORED)
        except FileNotFoundError:
            continue  # removed while the copy was made
        count += 1
    return count


def _readme(tenant: Tenant, counts: dict[str, int]) -> str:
    """One page in both languages: a customer may not know which one the company's people read."""
    parts = []
    for language in LANGUAGES:
        with translation.override(language):
            table = [(f"{noun}.json", str(TITLES[noun]), count) for noun, count in counts.items() if noun in TITLES]
            parts.append((language, render_to_string("agents/privacy_readme.html", _facts(tenant, table, counts))))
    return render_to_string("agents/privacy_copy.html", {"parts": parts, "company": tenant.name})


def _facts(tenant: Tenant, table: list[tuple[str, str, int]], counts: dict[str, int]) -> dict[str, Any]:
    return {"company": tenant.name, "at": timezone.now(), "table": table, "files": counts.get("files", 0)}


def make(*, tenant: Tenant, request_id: UUID) -> bool:
    """Make the copy that was asked for; True when there is nothing left to do. Call outside of any transaction."""
    with tenant_context(tenant):
        row = PrivacyRequest.objects.filter(pk=request_id, kind=PrivacyRequest.Kind.EXPORT).first()
        if row is None or not row.is_open:
            return True
        PrivacyRequest.objects.filter(pk=request_id).update(
            state=PrivacyRequest.State.RUNNING, attempts=row.attempts + 1, due_at=timezone.now() + 10 * LATER
        )
    place = copies.place(tenant, request_id)
    part = place.with_suffix(".part")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file, translation.override(tenant.locale[:2]):
            counts = write(tenant=tenant, contact_id=row.contact_id, file=file)
    except (DatabaseError, OSError) as error:
        logger.warning("a copy for company %s was not made: %s", tenant.pk, type(error).__name__)
        part.unlink(missing_ok=True)
        return _failed(tenant, request_id, type(error).__name__)
    with tenant_context(tenant):
        now = timezone.now()
        still = PrivacyRequest.objects.select_for_update(no_key=True).get(pk=request_id)
        if not still.is_open:  # the person was erased meanwhile
            part.unlink(missing_ok=True)
            return True
        part.replace(place)
        still.state, still.counts, still.error, still.due_at = PrivacyRequest.State.DONE, counts, "", None
        still.file, still.size = f"{tenant.schema_name}/{copies.FOLDER}/{place.name}", place.stat().st_size
        still.completed_at, still.expires_at = now, now + copies.KEPT
        still.save()
    return True


def _failed(tenant: Tenant, request_id: UUID, reason: str) -> bool:
    with tenant_context(tenant):
        row = PrivacyRequest.objects.select_for_update(no_key=True).get(pk=request_id)
        over = row.attempts >= MOST_ATTEMPTS
        row.state = PrivacyRequest.State.FAILED if over else row.state
        row.error = reason if not over else _("No se pudo armar la copia (%(reason)s).") % {"reason": reason}
        row.due_at = None if over else timezone.now() + LATER
        row.save()
    return over
