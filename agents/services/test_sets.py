"""Test cases of an agent: written by hand, kept from a trial, or made from a real chat. agents.services.checks runs them."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from agents.models import Agent, AgentRun, TestCase, TestResult
from agents.services import judging
from agents.services.rehearsal import CLIENT, FREE, FULL, LEAD, NO_LEAD, UNREADABLE, VISITOR, as_json, setting_of
from agents.tools import TOOLS
from config.lib.errors import AppError, Conflict, Invalid
from config.lib.texts import storable
from crm.phones import as_e164
from messaging.models import Source
from tenants.context import current_tenant
from tenants.domain.actor import Actor
from tenants.services.audit import record

MOST_CASES, MOST_TURNS, MOST_TEXTS = 100, 12, 20
LONGEST_TEXT, LONGEST_SAID = 2000, 300
LONGEST_NAME = 120  # of who attends in a scene, as crm.models.Seller keeps it
EXPECTED = ("calls", "avoids", "says", "never_says")
FIELDS = ("name", "turns", "expects", "scene", "is_active")


def create_case(*, agent: Agent, by: Actor, conversation_id: UUID | None = None, **fields: Any) -> TestCase:
    """Raises Invalid with the fields that are wrong, Conflict when the agent has too many. `conversation_id`: the chat it is of."""
    if TestCase.objects.filter(agent=agent).count() >= MOST_CASES:
        raise Conflict(_("Un agente puede tener hasta %(most)d casos de prueba.") % {"most": MOST_CASES})
    case = TestCase(agent=agent, created_by=by.label[:160], conversation_id=conversation_id)
    _assign(case, fields)
    case.save(force_insert=True)
    record(action="test_case.created", resource=case, by=by, diff=_told(case))
    return case


def update_case(*, case: TestCase, by: Actor, **fields: Any) -> TestCase:
    """Change the named fields. What was found with the old words no longer counts."""
    _assign(case, fields)
    case.save()
    record(action="test_case.updated", resource=case, by=by, diff={"fields": sorted(fields)})
    return case


def remove_case(*, case: TestCase, by: Actor) -> None:
    """The case and its results go; the runs of its trials too, which were of nobody."""
    record(action="test_case.removed", resource=case, by=by, diff=_told(case))
    forget_runs(case.results.all())
    case.delete()


def _told(case: TestCase) -> dict[str, str]:
    """For the trail, which outlives the person whose chat it was: their first words are the name of such a case."""
    return {"agent": str(case.agent_id), **({} if case.conversation_id else {"name": case.name})}


def forget_chats(conversations: Sequence[str]) -> int:
    """Cases made from these chats go, whoever is erased with them: masked words are of a person still."""
    cases = TestCase.objects.filter(conversation_id__in=conversations)
    forget_runs(TestResult.objects.filter(case__in=cases))
    return cases.delete()[0]


def _assign(case: TestCase, fields: Mapping[str, Any]) -> None:
    odd = set(fields) - set(FIELDS)
    if odd:
        raise Invalid(_("No se puede cambiar: %(names)s.") % {"names": ", ".join(sorted(odd))})
    for name, value in fields.items():
        setattr(case, name, value)
    wrong: dict[str, str] = {}
    case.name = str(case.name).replace("\x00", "").strip()
    if not 1 <= len(case.name) <= 160:
        wrong["name"] = _("El nombre lleva de 1 a 160 letras.")
    case.turns, wrong["turns"] = _turns(case.turns)
    case.expects, wrong["expects"] = _expects(case.expects, case.agent)
    case.scene, wrong["scene"] = _scene(case.scene)
    wrong = {name: text for name, text in wrong.items() if text}
    if wrong:
        raise Invalid(next(iter(wrong.values())), fields=wrong)


def _turns(given: Any) -> tuple[list[dict[str, str]], str]:
    """What the customer writes, tidied, and what is wrong with it."""
    texts = [each.get("text") if isinstance(each, dict) else each for each in given] if isinstance(given, list) else []
    if not texts or not all(isinstance(each, str) for each in texts):
        return [], _("Falta lo que escribe el cliente: al menos un mensaje.")
    tidy = [each for each in (str(text).replace("\x00", "").strip() for text in texts) if each]
    if not 1 <= len(tidy) <= MOST_TURNS or any(len(each) > LONGEST_TEXT for each in tidy):
        words = _("De 1 a %(most)d mensajes, de hasta %(longest)d letras cada uno.")
        return [], words % {"most": MOST_TURNS, "longest": LONGEST_TEXT}
    return [{"text": each} for each in tidy], ""


def _expects(given: Any, agent: Agent) -> tuple[dict[str, Any], str]:
    if not isinstance(given, dict) or set(given) - {*EXPECTED, "ends"}:
        return {}, _("Lo esperado lleva calls, avoids, says, never_says y ends.")
    found: dict[str, Any] = {}
    for name in EXPECTED:
        value = given.get(name) or []
        if not isinstance(value, list) or len(value) > MOST_TEXTS or not all(isinstance(each, str) for each in value):
            return {}, _("Cada lista de lo esperado lleva hasta %(most)d textos.") % {"most": MOST_TEXTS}
        tidy = [each.replace("\x00", "").strip()[:LONGEST_SAID] for each in value]
        if kept := list(dict.fromkeys(each for each in tidy if each)):
            found[name] = kept
    known = {*TOOLS, *agent.enabled_tools}
    odd = next((each for name in ("calls", "avoids") for each in found.get(name, []) if each not in known), None)
    if odd is not None:
        return {}, _("No existe esta herramienta: %(name)s.") % {"name": odd}
    both = set(found.get("calls", [])) & set(found.get("avoids", []))
    if both:
        return {}, _("Una herramienta no puede ser esperada y evitada a la vez: %(name)s.") % {"name": min(both)}
    ends = given.get("ends") or ""
    if ends not in ("", *judging.ENDS):
        return {}, _("El final es answered, handed_off o ninguno.")
    return {**found, **({"ends": ends} if ends else {})}, ""


def _scene(given: Any) -> tuple[dict[str, Any], str]:
    """A scene in its full form."""
    words = _("La escena no se entiende: contact, channel y calendar (state, sellers).")
    if not isinstance(given, dict) or set(given) - {"contact", "channel", "calendar"}:
        return {}, words
    contact, calendar = given.get("contact") or {}, given.get("calendar") or {}
    if not isinstance(contact, dict) or not isinstance(calendar, dict) or set(contact) - set(VISITOR):
        return {}, words
    if any(not isinstance(value, str) or len(value) > 200 or not storable(value) for value in contact.values()):
        return {}, words
    if contact.get("lead", NO_LEAD) not in (NO_LEAD, LEAD, CLIENT, ""):
        return {}, words
    if contact.get("interest", "") not in ("", "high", "medium", "low", "none"):
        return {}, words
    try:
        phone = as_e164(contact["phone"], currency=current_tenant().currency) if contact.get("phone") else ""
        tidy = {**contact, "phone": phone or "", "lead": contact.get("lead") or NO_LEAD}
        setting = setting_of({**given, "contact": tidy})
    except AppError as error:
        return {}, str(error.message)
    except (KeyError, TypeError, ValueError):
        return {}, words
    if setting.channel not in Source.values or setting.calendar not in (FREE, FULL, UNREADABLE):
        return {}, words
    if any(not 1 <= len(name.strip()) <= LONGEST_NAME or not storable(name) for name, _hours in setting.sellers):
        return {}, _("El nombre de quien atiende lleva de 1 a %(most)d letras.") % {"most": LONGEST_NAME}
    if len(setting.sellers) > MOST_TEXTS or not all(
        len(hours) <= MOST_TEXTS and all(_is_range(each) for each in hours) for _name, hours in setting.sellers
    ):
        return {}, _("Los horarios van como 09:00 a 13:00, de menor a mayor.")
    return as_json(setting), ""


def _is_range(hours: tuple[str, str]) -> bool:
    if any(len(each) != len("09:00") for each in hours):
        return False  # a time with a zone, or in words of another norm
    try:
        first, last = (time.fromisoformat(each) for each in hours)
    except ValueError:
        return False
    return first < last


def tidy_scene(given: Mapping[str, Any]) -> dict[str, Any]:
    """Raises Invalid for a scene that makes no sense."""
    scene, wrong = _scene(dict(given))
    if wrong:
        raise Invalid(wrong, fields={"scene": wrong})
    return scene


def forget_runs(results: QuerySet[TestResult]) -> None:
    """The trials behind these results."""
    ids: list[UUID] = list(
        TestResult.runs.through.objects.filter(testresult__in=results).values_list("agentrun_id", flat=True)
    )
    AgentRun.objects.filter(purpose=AgentRun.Purpose.TEST, pk__in=ids).delete()
