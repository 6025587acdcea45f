"""Help with writing where no model is: rules and the company's knowledge. Labelled as a demonstration wherever it is shown."""

from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from agents.domain import copilot, copilot_rules
from agents.domain.prompt import safe_value
from agents.domain.register import spanish_of
from agents.llm.demo_quote import quote
from agents.services import briefs
from agents.services.copilot_model import Job
from agents.tools.base import NOBODY, ToolContext
from agents.tools.knowledge import rag_search
from config.lib.errors import Conflict
from crm.models import Lead
from tenants.context import tenant_context
from tenants.domain.actor import Actor

LONGEST_QUESTION = 300
LONGEST_SOURCE = 300


@dataclass(frozen=True, slots=True)
class Made:
    """A text and where it was taken from."""

    text: str
    sources: list[dict[str, str]] = field(default_factory=list)


def made(job: Job) -> Made:
    """What rules make of a job. Raises Conflict, with the next step, for what rules cannot do. Outside of any transaction."""
    if job.kind == copilot.SUMMARY:
        return _summary(job)
    return _draft(job) if job.kind == copilot.DRAFT else Made(_rewritten(job))


def _summary(job: Job) -> Made:
    """The five lines of a hand-off, which come from facts."""
    with tenant_context(job.tenant):
        rows = Lead.objects.filter(contact=job.scene.contact, closed_at__isnull=True)
        lead = rows.select_related("owner", "stage", "contact").order_by("-created_at").first()
        return Made(briefs.brief(job.tenant, job.scene.conversation, code="", lead=lead))


def _draft(job: Job) -> Made:
    """What the knowledge says to the customer's last words; nothing found is said to be looked into."""
    theirs = [line.said or line.text for line in job.scene.lines if line.speaker == "contact"]
    said = " ".join(job.scene.burst or theirs[-1:])[-LONGEST_QUESTION:].strip()
    context = ToolContext(job.tenant, Actor.system("IA"), NOBODY, NOBODY, NOBODY, None)
    passages = rag_search(context, {"query": said}).data["passages"] if said else []
    answer = quote(said, passages)
    used = [each for each in passages if answer and copilot.rests_on(answer, each["text"])][:1]
    text = copilot_rules.draft(
        [each for each in (job.text, answer) if each],
        language=job.customers_language,
        register=spanish_of(job.config.get("register"), job.tenant.locale),
        name=_name(job),
    )
    return Made(text, [{"title": each["title"], "text": each["text"][:LONGEST_SOURCE]} for each in used])


def _rewritten(job: Job) -> str:
    if job.kind == copilot.TRANSLATE:
        raise Conflict(_("Para traducir hace falta la clave de un modelo: se carga en Credenciales."))
    text = copilot_rules.rewritten(job.text, job.kind, language=job.customers_language, name=_name(job))
    if text is None:
        raise Conflict(
            _(
                "Las reglas de demostración no encontraron qué cambiar. Con la clave de un modelo, cargada en Credenciales, la ayuda es completa."
            )
        )
    return text


def _name(job: Job) -> str:
    """The customer's first name, where it is one."""
    first = next(iter(job.scene.contact.name.split()), "")
    return safe_value(first) if first.isalpha() else ""
