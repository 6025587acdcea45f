"""Urgency: the graver of rules and model counts, what cannot be judged goes to people, urgent slots come after it."""

import pytest

from agents.domain.language import SAFETY
from agents.models import Desk
from agents.services import triage
from agents.services.toolbox import LiveToolbox, allowed_tools
from agents.templates import AGENDA
from crm.models import AgendaEvent, Contact, Lead
from messaging.models import Message
from tenants.context import tenant_context
from tests.agents.services.story import TOOLS, employ
from tests.agents.tools.agenda import desk_of, look, use
from tests.factories.crm import make_lead

pytestmark = pytest.mark.usefixtures("monday")
HANDED = "Te paso con una persona del equipo. Te responde por este mismo chat."


def urgency(tenant, story):
    with tenant_context(tenant):
        return triage.urgency_of(story.conversation.pk)


def clinic_desk(acme, story, said):
    """The tools of a clinic in a turn in which the customer said this; what it needs of a patient is known."""
    acme.trade = "clinic"
    with tenant_context(acme):
        Contact.objects.filter(pk=story.conversation.contact_id).update(
            name="Nora Gil", phone="+5491155550301", custom={"document": "30111222", "insurance": "OSDE"}
        )
    box = desk_of(acme, story, said)
    return LiveToolbox(box.context, allowed_tools([*AGENDA, triage.TOOL], suspicious=False), upto_sequence=1)


class TestTheLevel:
    @pytest.mark.parametrize(
        ("said", "told", "level"),
        [
            ("Me duele un poco", "normal", "normal"),
            ("Es un control", "low", "low"),
            ("Tengo fiebre", "low", "high"),
            ("No tengo fiebre, es un control", "low", "low"),
            ("algo raro en el diente", "high", "high"),
        ],
    )
    def test_the_graver_of_the_customers_words_and_the_models_counts(self, acme, story, said, told, level):
        done = use(clinic_desk(acme, story, said), triage.TOOL, symptoms="lo que dijo", level=told)
        assert (done.ok, done.data["level"], urgency(acme, story)) == (True, level, level)
        assert story.fresh().mode == "ai"

    @pytest.mark.parametrize(("said", "told"), [("No puedo respirar", "low"), ("me siento mal", "emergency")])
    def test_an_emergency_hands_over_in_the_same_act(self, acme, story, said, told):
        done = use(clinic_desk(acme, story, said), triage.TOOL, symptoms="x", level=told)
        assert (done.receipt.kind, story.fresh().mode, urgency(acme, story)) == ("handoff", "human", "emergency")

    @pytest.mark.parametrize("broken", ["agents.tools.triage.assess", "agents.tools.triage.triage.judge"])
    def test_whatever_breaks_it_is_never_normal_people_get_it(self, acme, story, monkeypatch, broken):
        box = clinic_desk(acme, story, "Me duele")
        monkeypatch.setattr(broken, lambda *_a, **_k: 1 / 0)
        done = use(box, triage.TOOL, symptoms="le duele", level="normal")
        assert (done.data["level"], done.receipt.kind, story.fresh().mode) == ("", "handoff", "human")
        with tenant_context(acme):
            assert Message.objects.get(kind="note").payload == {"handoff": "unjudged"}
            assert not Desk.objects.exists()

    @pytest.mark.parametrize("level", ["", "none", "normal!", None])
    def test_a_level_that_is_none_is_refused(self, acme, story, level):
        assert not use(clinic_desk(acme, story, "Me duele"), triage.TOOL, symptoms="x", level=level).ok
        assert urgency(acme, story) == ""

    def test_what_was_grave_does_not_become_light_by_the_models_word(self, acme, story):
        use(clinic_desk(acme, story, "Tengo fiebre"), triage.TOOL, symptoms="fiebre", level="high")
        done = use(clinic_desk(acme, story, "tengo fiebre todavía"), triage.TOOL, symptoms="x", level="low")
        assert (done.data["level"], urgency(acme, story)) == ("high", "high")

    def test_an_urgent_case_is_seen_on_the_lead(self, acme, story):
        with tenant_context(acme):
            make_lead(contact=Contact.objects.get(pk=story.conversation.contact_id), tags=["frecuente"])
        use(clinic_desk(acme, story, "Tengo fiebre"), triage.TOOL, symptoms="fiebre", level="high")
        with tenant_context(acme):
            assert Lead.objects.get().tags == ["frecuente", "urgente"]


class TestUrgentSlots:
    def test_they_are_refused_until_the_urgency_was_judged(self, acme, story, desk):
        box = clinic_desk(acme, story, "Quiero un turno urgente, me duele muchísimo, no aguanto el dolor")
        look(box)
        refused = use(box, "book_appointment", choice="1")
        assert (refused.ok, refused.data["why"]) == (False, "triage")
        assert use(box, "book_appointment", choice="1", urgent=True).data["why"] == "triage"
        assert use(box, triage.TOOL, symptoms="dolor insoportable", level="normal").data["level"] == "high"
        assert use(box, "book_appointment", choice="1", urgent=True, note="Muela").ok
        with tenant_context(acme):
            assert AgendaEvent.objects.get().note == "Urgente. Muela"

    def test_the_models_word_alone_does_not_make_it_urgent(self, acme, story, desk):
        box = clinic_desk(acme, story, "Quiero una limpieza")
        look(box)
        use(box, triage.TOOL, symptoms="limpieza", level="low")
        assert use(box, "book_appointment", choice="1", urgent=True).data["why"] == "not_urgent"
        assert use(box, "book_appointment", choice="1").ok

    def test_an_ordinary_appointment_needs_none_of_it(self, acme, story, desk):
        box = clinic_desk(acme, story, "Quiero un turno, no es urgente")
        look(box)
        assert use(box, "book_appointment", choice="1").ok

    def test_elsewhere_than_in_a_clinic_nothing_changes(self, acme, story, desk):
        look(desk)
        assert use(desk, "book_appointment", choice="1", urgent=True).ok


class TestInATurn:
    def test_rules_judge_every_message_of_a_clinic_and_the_model_goes_on(self, acme, story, llm):
        acme.trade = "clinic"
        employ(acme, llm)
        llm.say("¿Qué día te queda bien?")
        run = story.hear("Tengo fiebre y quiero un turno")
        assert (run.status, urgency(acme, story), len(llm.requests)) == ("done", "high", 1)

    def test_elsewhere_nobody_is_judged(self, acme, story, llm):
        employ(acme, llm)
        llm.say("Hola.")
        assert story.hear("Tengo fiebre de comprar").status == "done"
        assert story.hear("esto es una emergencia de estilo").status == "done"
        with tenant_context(acme):
            assert not Desk.objects.exists()

    def test_an_emergency_that_the_model_finds_says_what_helps_first(self, acme, story, llm):
        employ(acme, llm, tools=[*TOOLS, triage.TOOL])
        llm.call(triage.TOOL, {"symptoms": "se siente muy mal", "level": "emergency"})
        llm.say("Ya te paso con el equipo.")
        run = story.hear("me siento muy mal")
        assert (run.status, story.fresh().mode) == ("handed_off", "human")
        assert "\n\n".join(story.said()) == f"{SAFETY['es']}\n\nYa te paso con el equipo."

    def test_and_also_when_the_model_then_says_nothing(self, acme, story, llm):
        employ(acme, llm, tools=[*TOOLS, triage.TOOL])
        llm.call(triage.TOOL, {"symptoms": "se siente muy mal", "level": "emergency"})
        llm.say("")
        story.hear("me siento muy mal")
        assert "\n\n".join(story.said()) == f"{SAFETY['es']}\n\n{HANDED}"
