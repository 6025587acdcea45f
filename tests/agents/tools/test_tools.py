"""Every tool against real rows: what it does, what it refuses, and for whom."""

import json

import pytest
from django.db import IntegrityError

from agents.llm.base import ToolCallRequest
from agents.models import AgentRun, AssistanceReport, ToolCall
from agents.services.toolbox import LiveToolbox, Refused, allowed_tools, understood
from agents.tools import TOOLS, tool_named
from agents.tools.base import ToolContext
from crm.models import Contact, ContactPoint, Lead
from crm.services.merging import merge
from messaging.models import Conversation, Message
from rag.services.ingest import add_document
from rag.services.process import process_document
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.agents.services.story import TEAM
from tests.agents.services.story import TOOLS as ALL
from tests.factories.crm import make_contact, make_lead


@pytest.fixture
def box(acme, story):
    """Tools acting for the story's contact."""
    with tenant_context(acme):
        run = AgentRun.objects.create(conversation_id=story.conversation.pk)
    context = ToolContext(
        tenant=acme,
        actor=Actor("agent", "", "IA: Sol"),
        conversation_id=story.conversation.pk,
        contact_id=story.conversation.contact_id,
        run_id=run.pk,
        turn_token=story.token(),
        said="Me interesa mucho",
    )
    return LiveToolbox(context, allowed_tools(ALL, suspicious=False), upto_sequence=1)


def use(box, tool, position=0, /, **arguments):
    return box.call(ToolCallRequest("call", tool, json.dumps(arguments)), position)


def rows(acme, model, **filters):
    with tenant_context(acme):
        return list(model.objects.filter(**filters))


def test_every_tool_has_a_closed_schema_and_names_no_id():
    for name in TOOLS:
        tool = tool_named(name)
        assert tool.name == name
        assert tool.parameters["additionalProperties"] is False
        assert not [key for key in tool.parameters["properties"] if key.endswith("_id") or key in {"id", "tenant"}]
    assert tool_named("drop_tables") is None


def test_a_suspicious_turn_keeps_what_reads_and_the_way_to_a_person():
    names = [tool.name for tool in allowed_tools([*ALL, "drop_tables"], suspicious=True)]
    assert names == ["rag_search", "handoff_to_human"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("rag_search", "{}"),
        ("rag_search", '{"query": ""}'),
        ("rag_search", '{"query": "x", "collection": "shadow"}'),
        ("qualify_lead", '{"interest": "HIGH"}'),
        ("create_customer", '{"phone": 1155551234}'),
        ("create_customer", "[]"),
        ("create_customer", "{"),
        ("create_customer", '{"name": "' + "x" * 9000 + '"}'),
        ("report_assistance", '{"kind": "sales", "score": 1.2, "reasoning": ""}'),
        ("handoff_to_human", '{"reason": "x", "conversation_id": "1"}'),
        ("nothing", "{}"),
        ("rag_search", "[" * 4000),
    ],
)
def test_bad_arguments_are_refused_in_words(name, arguments):
    with pytest.raises(Refused) as caught:
        understood(tool_named(name), ToolCallRequest("1", name, arguments))
    assert str(caught.value.message)


def test_nulls_and_odd_characters_are_taken_out():
    request = ToolCallRequest("1", "create_customer", '{"name": "An\\u0000a \\ud800", "email": null}')
    assert understood(tool_named("create_customer"), request) == {"name": "Ana ?"}


class TestCreateCustomer:
    def test_it_fills_in_the_own_contact_and_makes_one_lead(self, acme, story, box):
        done = use(box, "create_customer", name="Ana Ruiz", phone="11 5555 1234", email="ana@correo.test")
        assert done.result.data == {"saved": ["name", "phone", "email"]}
        contact = story.fresh().contact
        assert (contact.name, contact.email) == ("Ana Ruiz", "ana@correo.test")
        assert contact.phone.endswith("1155551234")
        assert len(rows(acme, Lead, contact=contact)) == 1

    def test_the_number_somebody_writes_from_is_never_replaced(self, acme, story, box):
        with tenant_context(acme):
            Contact.objects.filter(pk=story.conversation.contact_id).update(phone="+5491140000001")
        done = use(box, "create_customer", phone="+54 9 341 555 0000")
        assert done.result.ok
        contact = story.fresh().contact
        assert contact.phone == "+5491140000001"
        assert [point.value for point in rows(acme, ContactPoint, contact=contact)] == ["+5493415550000"]

    @pytest.mark.parametrize("field", ["phone", "email"])
    def test_data_of_another_contact_is_suggested_to_the_team_and_not_taken(self, acme, story, box, field):
        with tenant_context(acme):
            other = make_contact(name="Marta", phone="+5493415557788", email="marta@correo.test")
        done = use(box, "create_customer", **{field: getattr(other, field).upper()})
        assert not done.result.ok
        assert "Marta" not in json.dumps(done.result.as_json())
        assert getattr(story.fresh().contact, field) in (None, "")
        assert getattr(other, field) in story.notes()[0].lower()

    def test_what_is_fine_is_saved_beside_what_is_doubtful(self, story, box):
        done = use(box, "create_customer", name="Ana", phone="no tengo")
        assert done.result.data == {"saved": ["name"], "not_saved": ["phone"]}
        assert done.result.receipt.text == "Datos guardados: nombre"
        assert story.fresh().contact.name == "Ana"

    def test_a_clinics_extras_go_to_the_contacts_own_fields(self, story, box):
        use(box, "create_customer", document="30123456", insurance="OSDE 210")
        assert story.fresh().contact.custom == {"document": "30123456", "insurance": "OSDE 210"}


class TestQualifyLead:
    def test_it_scores_in_code_with_the_customers_words_as_evidence(self, acme, story, box):
        done = use(box, "qualify_lead", interest="high", budget="900 mil", timeline="esta semana", needs="un termo")
        (lead,) = rows(acme, Lead, contact_id=story.conversation.contact_id)
        assert (lead.score, done.result.data["score"]) == (100, 100)
        assert {reason["quote"] for reason in lead.score_reasons} == {"Me interesa mucho"}

    def test_nothing_learned_is_refused(self, box):
        assert not use(box, "qualify_lead").result.ok

    def test_a_score_of_the_models_own_is_refused(self, box):
        assert not use(box, "qualify_lead", interest="high", score=100).result.ok


class TestHandoff:
    def test_it_gives_the_chat_to_people_with_a_summary(self, story, box):
        assert use(box, "handoff_to_human", reason="reclamo", summary="Llegó roto").result.ok
        assert story.fresh().mode == "human"
        assert "Llegó roto" in story.notes()[0]

    def test_a_second_time_in_the_turn_finds_the_first(self, story, box):
        use(box, "handoff_to_human", reason="reclamo")
        assert use(box, "handoff_to_human", 1, reason="otra cosa").replayed
        assert len(story.notes()) == 1


@pytest.mark.parametrize("interest", ["high", "medium", "low"])
def test_neither_a_score_nor_a_person_taking_over_moves_the_lead_to_another_stage(acme, story, box, interest):
    """The seed wrote "hot" or "derivado" into it: stages are the company's own, and people or a conversion move them."""
    with tenant_context(acme):
        lead = make_lead(contact=story.fresh().contact)
    assert use(box, "qualify_lead", interest=interest).result.ok
    assert use(box, "handoff_to_human", 1, reason="reclamo").result.ok
    (after,) = rows(acme, Lead, contact_id=story.conversation.contact_id)
    assert (after.pk, after.stage_id, after.closed_at) == (lead.pk, lead.stage_id, None)
    assert after.score_reasons


def test_a_report_is_kept_with_its_run(acme, story, box):
    assert use(box, "report_assistance", kind="support", score=0.75, reasoning="Resuelto").result.ok
    (report,) = rows(acme, AssistanceReport)
    assert (report.kind, str(report.score), report.conversation_id) == ("support", "0.75", story.conversation.pk)


def test_the_search_gives_passages_with_their_titles(acme, box):
    with tenant_context(acme):
        text = "# Envíos\n\nHacemos envíos a Córdoba por $ 45.000 en 48 horas."
        document = add_document(
            file_name="envios.md", content=text.encode(), title="Envíos", collection="general", by=TEAM
        )
    process_document(tenant=acme, document_id=document.pk)
    result = use(box, "rag_search", query="¿hacen envíos a cordoba?").result
    assert result.data["passages"][0]["title"].startswith("Envíos")
    assert "45.000" in result.data["passages"][0]["text"]
    assert use(box, "rag_search", 1, query="zzzz qqqq").result.data == {"passages": []}


def _blind_once(look):
    """A first look that comes too early to see the twin's row."""
    looks = []

    def early(self, key):
        looks.append(key)
        return None if len(looks) == 1 else look(self, key)

    return early


class TestTheKey:
    def test_the_same_act_in_the_same_turn_happens_once(self, acme, box):
        use(box, "report_assistance", kind="sales", score=1, reasoning="a")
        again = use(box, "report_assistance", 1, kind="sales", score=0, reasoning="b")
        assert again.replayed
        assert len(rows(acme, AssistanceReport)) == 1

    def test_different_data_in_one_turn_are_different_acts(self, acme, story, box):
        use(box, "create_customer", name="Ana")
        use(box, "create_customer", 1, name="Ana Ruiz")
        assert story.fresh().contact.name == "Ana Ruiz"
        assert len(rows(acme, ToolCall, ok=True)) == 2

    def test_a_twin_that_was_quicker_gives_its_result(self, acme, box, monkeypatch):
        use(box, "report_assistance", kind="sales", score=1, reasoning="a")
        monkeypatch.setattr(LiveToolbox, "_before", _blind_once(LiveToolbox._before))
        assert use(box, "report_assistance", 1, kind="sales", score=1, reasoning="a").replayed
        assert len(rows(acme, AssistanceReport)) == 1

    def test_a_refusal_is_traced_and_may_be_followed_by_a_success(self, acme, box):
        use(box, "qualify_lead")
        use(box, "qualify_lead", 1, interest="low")
        assert [row.ok for row in rows(acme, ToolCall)] == [False, True]

    def test_a_failure_in_the_middle_leaves_neither_act_nor_row(self, acme, story, box, monkeypatch):
        def breaks(*_args, **_more):
            raise RuntimeError

        monkeypatch.setattr(LiveToolbox, "_row", breaks)
        with pytest.raises(RuntimeError):
            use(box, "create_customer", name="Ana")
        assert story.fresh().contact.name == ""
        assert rows(acme, ToolCall) == []


def test_another_companys_rows_cannot_be_reached(acme, globex, story, box):
    """The context names acme's conversation; entered as globex there is nothing to act on."""
    foreign = LiveToolbox(
        ToolContext(
            tenant=globex,
            actor=box.context.actor,
            conversation_id=story.conversation.pk,
            contact_id=story.conversation.contact_id,
            run_id=box.context.run_id,
            turn_token=None,
        ),
        box.tools,
        1,
    )
    with pytest.raises(IntegrityError):  # not even a trace of it can be written there
        use(foreign, "create_customer", name="Pirata")
    assert story.fresh().contact.name == ""
    with tenant_context(globex):
        assert Conversation.objects.count() == Message.objects.count() == 0


def test_a_contact_united_with_another_while_the_model_thought_is_served_where_it_went(acme, story, box, ana):
    with tenant_context(acme):
        other = Contact.objects.get(pk=story.conversation.contact_id)
        kept = make_contact(name="", phone="+5491155557788")
        merge(kept=kept, other=other, by=ana.actor)
    done = use(box, "create_customer", email="nueva@example.com")
    assert done.result.ok
    assert rows(acme, Contact, pk=kept.pk, email="nueva@example.com")
