"""Undoing what an agent saved, learned and sold: what goes back, what stays because it is newer, and who may."""

import pytest

from agents.models import AgentRun, ToolCall
from agents.services import undo as undoing
from config.lib.errors import AppError, Conflict, Forbidden, NotFound
from crm.models import Client, ContactPoint, Conversion, Lead
from crm.services import contacts, conversion, leads
from crm.services.custom_fields import create_field
from messaging.models import Conversation
from messaging.services.receipts import strike
from tenants.context import tenant_context
from tenants.models import SystemEvent, Tenant
from tests.agents.services.story import TEAM, Story, make_story
from tests.agents.tools.undoing import box_of, call_of, contact_of, undo, use
from tests.factories.crm import make_contact, make_seller
from tests.factories.messaging import make_message

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def saved(acme: Tenant, story: Story) -> ToolCall:
    """A name, an e-mail and a document that an agent saved of somebody of whom nothing was known."""
    box = box_of(acme, story, "create_customer")
    use(box, "create_customer", name="Ana Ruiz", email="ana@correo.test", document="30111222")
    return call_of(acme, "create_customer")


class TestDetails:
    def test_the_values_of_before_come_back_and_the_call_says_who_did_it(self, acme, story, cast, saved):
        done = undo(cast["ana"], "create_customer")

        contact = contact_of(acme, story)
        assert (contact.name, contact.email, contact.custom) == ("", "", {})
        assert done.undone_at is not None
        assert done.undone_by == "Ana"
        assert "ana@correo.test" not in str(done.back), "no old value stays"
        with tenant_context(acme):
            assert SystemEvent.objects.filter(action="act.undone", resource_id=str(saved.pk)).count() == 1
            assert Lead.objects.open().filter(contact=contact).count() == 1, "the lead stays"
        assert any("lead" in line for line in done.back["left"])
        assert any(note.startswith("Ana deshizo lo que hizo la IA: Datos guardados") for note in story.notes())

    def test_a_value_of_before_that_was_not_empty_comes_back_as_it_was(self, acme, story, cast):
        with tenant_context(acme):
            contacts.update_contact(contact=story.fresh().contact, by=TEAM, name="A. Ruiz", email="vieja@correo.test")
        use(box_of(acme, story, "create_customer"), "create_customer", name="Ana Ruiz", email="nueva@correo.test")
        undo(cast["ana"], "create_customer")
        contact = contact_of(acme, story)
        assert (contact.name, contact.email) == ("A. Ruiz", "vieja@correo.test")

    def test_what_somebody_corrected_since_stays_and_is_named(self, acme, story, cast, saved):
        with tenant_context(acme):
            contacts.update_contact(contact=story.fresh().contact, by=TEAM, email="otra@correo.test")
        done = undo(cast["ana"], "create_customer")
        contact = contact_of(acme, story)
        assert (contact.name, contact.email) == ("", "otra@correo.test")
        assert any("correo" in line for line in done.back["left"])

    def test_where_all_is_newer_nothing_is_undone(self, acme, story, cast, saved):
        with tenant_context(acme):
            contacts.update_contact(
                contact=story.fresh().contact, by=TEAM, name="Otra", email="o@c.test", custom={"document": "1"}
            )
        with pytest.raises(Conflict, match="Todo cambió después"):
            undo(cast["ana"], "create_customer")
        assert call_of(acme, "create_customer").undone_at is None

    def test_the_second_number_goes_and_the_first_one_stays(self, acme, cast):
        story = make_story(acme, name="Ana", phone="+5491155550101")
        use(box_of(acme, story, "create_customer"), "create_customer", phone="+5491155550102")
        undo(cast["ana"], "create_customer")
        with tenant_context(acme):
            assert not ContactPoint.objects.filter(contact_id=story.conversation.contact_id).exists()
        assert contact_of(acme, story).phone == "+5491155550101"

    def test_a_number_that_was_there_before_is_not_the_acts(self, acme, cast):
        story = make_story(acme, name="Ana", phone="+5491155550101")
        with tenant_context(acme):
            point = ContactPoint(contact_id=story.conversation.contact_id, kind="phone", value="+5491155550102")
            point.save()
        use(box_of(acme, story, "create_customer"), "create_customer", phone="+5491155550102", name="Ana Ruiz")
        undo(cast["ana"], "create_customer")
        with tenant_context(acme):
            assert ContactPoint.objects.filter(pk=point.pk).exists()

    def test_what_was_known_already_leaves_nothing_to_undo(self, acme, cast):
        story = make_story(acme, name="Ana Ruiz")
        use(box_of(acme, story, "create_customer"), "create_customer", name="Ana Ruiz")
        assert call_of(acme, "create_customer").back == {}
        with pytest.raises(Conflict, match="no se puede deshacer"):
            undo(cast["ana"], "create_customer")

    def test_fields_of_the_company_come_back_on_the_contact_and_the_lead(self, acme, story, cast):
        with tenant_context(acme):
            create_field(
                on="lead", label="Zona", kind="choice", options=["Norte", "Sur"], agents_may_write=True, by=TEAM
            )
            create_field(on="contact", label="Talle", kind="text", agents_may_write=True, by=TEAM)
            lead = leads.create_lead(contact=story.fresh().contact, by=TEAM, custom={"zona": "Sur"})
        use(box_of(acme, story, "save_details"), "save_details", zona="Norte", talle="M")
        done = undo(cast["ana"], "save_details")
        with tenant_context(acme):
            assert Lead.objects.get(pk=lead.pk).custom == {"zona": "Sur"}
        assert contact_of(acme, story).custom == {}
        assert {"Vuelve a lo que decía: Zona.", "Vuelve a quedar vacío: Talle."} == set(done.back["done"])

    def test_after_the_contact_was_united_with_another_people_do_it(self, acme, story, cast, saved):
        with tenant_context(acme):
            Conversation.objects.filter(pk=story.conversation.pk).update(contact=make_contact(name="Ana Ruiz"))
        with pytest.raises(Conflict, match="se unió con otro"):
            undo(cast["ana"], "create_customer")

    def test_the_arguments_of_the_model_choose_nothing(self, acme, story, cast, saved):
        """Whatever stands in the call's arguments, only what the server wrote beside it is touched."""
        with tenant_context(acme):
            other = make_contact(name="Ana Ruiz", email="x@correo.test")
            arguments = {"contact": str(other.pk), "back": {"contact": str(other.pk)}, "name": "Ana Ruiz"}
            ToolCall.objects.filter(pk=saved.pk).update(arguments=arguments)
        undo(cast["ana"], "create_customer")
        with tenant_context(acme):
            other.refresh_from_db()
        assert (other.name, other.email) == ("Ana Ruiz", "x@correo.test")
        assert contact_of(acme, story).name == ""


class TestQualification:
    def _qualified(self, acme, story):
        with tenant_context(acme):
            lead = leads.create_lead(contact=story.fresh().contact, by=TEAM)
            leads.qualify_lead(lead=lead, by=TEAM, interest="low", timeline="este mes")
            make_message(conversation=story.conversation, text="Quiero avanzar hoy")
        box = box_of(acme, story, "qualify_lead", said="Quiero avanzar hoy")
        use(box, "qualify_lead", interest="high", timeline="hoy", budget="100 mil")
        return lead

    def _fresh(self, acme, lead):
        with tenant_context(acme):
            return Lead.objects.get(pk=lead.pk)

    def test_what_was_known_before_and_its_score_come_back(self, acme, story, cast):
        lead = self._qualified(acme, story)
        assert self._fresh(acme, lead).score == 85
        undo(cast["ana"], "qualify_lead")
        lead = self._fresh(acme, lead)
        assert (lead.interest, lead.timeline, lead.budget, lead.score) == ("low", "este mes", "", 30)
        assert {(each["factor"], each["points"]) for each in lead.score_reasons} == {("interest", 10), ("timeline", 20)}

    def test_a_persons_correction_of_the_score_stays_with_their_name(self, acme, story, cast):
        lead = self._qualified(acme, story)
        with tenant_context(acme):
            leads.correct_score(lead=Lead.objects.get(pk=lead.pk), points=95, reason="Lo conozco", by=cast["ana"].actor)
        undo(cast["ana"], "qualify_lead")
        lead = self._fresh(acme, lead)
        (corrected,) = [each for each in lead.score_reasons if each["factor"] == "correction"]
        assert (lead.score, corrected["by"], corrected["points"]) == (40, "Ana", 10)

    def test_what_was_learned_later_stays(self, acme, story, cast):
        lead = self._qualified(acme, story)
        with tenant_context(acme):
            leads.qualify_lead(lead=Lead.objects.get(pk=lead.pk), by=TEAM, budget="200 mil")
        done = undo(cast["ana"], "qualify_lead")
        lead = self._fresh(acme, lead)
        assert (lead.interest, lead.budget) == ("low", "200 mil")
        assert any("presupuesto" in line for line in done.back["left"])

    def test_a_closed_lead_keeps_its_qualification(self, acme, story, cast):
        lead = self._qualified(acme, story)
        with tenant_context(acme):
            contacts.update_contact(
                contact=story.fresh().contact, by=TEAM, name="Ana", phone="+5491155550199", email="a@b.test"
            )
            lead = leads.qualify_lead(lead=Lead.objects.get(pk=lead.pk), by=TEAM, needs="remeras")
            conversion.convert(lead=lead, by=TEAM)
        with pytest.raises(Conflict, match="ya está cerrado"):
            undo(cast["ana"], "qualify_lead")


class TestSale:
    @pytest.fixture
    def sold(self, acme, story):
        with tenant_context(acme):
            contact = story.fresh().contact
            contacts.update_contact(contact=contact, by=TEAM, name="Ana Ruiz", phone="+5491155550199", email="a@c.test")
            lead = leads.create_lead(contact=contact, by=TEAM)
            leads.qualify_lead(lead=lead, by=TEAM, interest="high", budget="100", timeline="hoy", needs="remeras")
        use(box_of(acme, story, "convert_to_client"), "convert_to_client")
        return lead

    def test_the_lead_goes_back_and_the_client_goes(self, acme, cast, sold):
        undo(cast["ana"], "convert_to_client")
        with tenant_context(acme):
            assert Lead.objects.select_related("stage").get(pk=sold.pk).stage.kind == "open"
            assert not Client.objects.exists()
            assert Conversion.objects.get().undone_by == "Ana"

    def test_a_client_on_whom_more_hangs_is_not_undone_by_the_way(self, acme, cast, sold):
        with tenant_context(acme):
            first = Conversion.objects.get()
            other = leads.create_lead(contact=sold.contact, by=TEAM)
            Conversion.objects.create(
                lead=other, client=first.client, stage_before=other.stage, made_client=False, actor_kind="system"
            )
        with pytest.raises(Conflict, match="movimientos u otra venta"):
            undo(cast["ana"], "convert_to_client")
        with tenant_context(acme):
            assert Client.objects.count() == 1

    def test_a_lead_that_somebody_moved_on_stays_there(self, acme, cast, sold):
        with tenant_context(acme):
            conversion.undo(conversion=Conversion.objects.get(), by=TEAM, reason="Se arrepintió")
        with pytest.raises(Conflict, match="ya se deshizo"):
            undo(cast["ana"], "convert_to_client")

    def test_asked_once_more_in_a_later_turn_it_did_nothing_that_could_be_undone(self, acme, story, sold):
        use(box_of(acme, story, "convert_to_client", sequence=2), "convert_to_client")
        assert call_of(acme, "convert_to_client").back == {}


class TestWho:
    def test_once(self, acme, cast, saved):
        undo(cast["ana"], "create_customer")
        with pytest.raises(Conflict, match="Ya lo deshizo Ana"):
            undo(cast["rita"], "create_customer")

    def test_a_chat_that_is_somebody_elses_does_not_exist_for_a_seller(self, acme, story, cast, saved):
        with tenant_context(acme):
            Conversation.objects.filter(pk=story.conversation.pk).update(assignee=cast["teo"].user)
            Lead.objects.update(owner=make_seller(name="Teo", user=cast["teo"].user))
        with pytest.raises(NotFound):
            undo(cast["sol"], "create_customer")
        assert undo(cast["teo"], "create_customer").undone_by == "Teo"

    def test_another_company_does_not_see_it(self, cast, globex, saved):
        with tenant_context(globex), pytest.raises(NotFound):
            undoing.call_for(cast["gus"].member, saved.pk)

    def test_who_may_not_do_it_by_hand_may_not_undo_it(self, acme, cast, saved):
        member = cast["ana"].member
        member.may = frozenset({"inbox.read", "inbox.write"}).__contains__  # as a narrow key of an integration's
        with tenant_context(acme), pytest.raises(Forbidden, match="tampoco deshacerlo"):
            undoing.undo(call=undoing.call_for(member, saved.pk), member=member, by=cast["ana"].actor)

    @pytest.mark.parametrize("tool", ["handoff_to_human", "report_assistance", "triage_urgency", "consultar_precio"])
    def test_other_acts_have_a_plain_reason(self, acme, story, cast, tool):
        with tenant_context(acme):
            run = AgentRun.objects.create(conversation_id=story.conversation.pk)
            receipt = {"receipt": {"kind": "record", "text": "Algo"}}
            call = ToolCall.objects.create(
                run=run, conversation_id=story.conversation.pk, key=tool, tool=tool, ok=True, result=receipt
            )
            found = undoing.prospect(call, cast["ana"].member)
        assert found.refusal == "Esto no se puede deshacer."
        with pytest.raises(AppError):
            undo(cast["ana"], tool)

    def test_while_the_agent_answers_it_waits(self, acme, story, cast, saved):
        with tenant_context(acme):
            Conversation.objects.filter(pk=story.conversation.pk).update(turn_token=None)
        story.customer_says("hola")
        story.begin()
        with pytest.raises(Conflict, match="está respondiendo"):
            undo(cast["ana"], "create_customer")
        assert contact_of(acme, story).name == "Ana Ruiz", "nothing of it was done"

    def test_a_failed_call_and_a_look_are_no_acts(self, acme, story, cast):
        with tenant_context(acme):
            run = AgentRun.objects.create(conversation_id=story.conversation.pk)
            rows = [
                ToolCall.objects.create(
                    run=run, conversation_id=story.conversation.pk, key="a", tool="rag_search", ok=True
                ),
                ToolCall.objects.create(
                    run=run, conversation_id=story.conversation.pk, key="b", tool="create_customer"
                ),
            ]
            for row in rows:
                with pytest.raises(NotFound):
                    undoing.call_for(cast["ana"].member, row.pk)


def test_only_the_receipt_of_that_act_is_crossed_out(acme, story, saved):
    with tenant_context(acme):
        receipts = [{"kind": "record", "text": "Uno", "call": str(saved.pk)}, {"kind": "record", "text": "Dos"}]
        row = make_message(
            conversation=story.conversation, direction="out", author="agent", payload={"receipts": receipts}
        )
        conversation = Conversation.objects.get(pk=story.conversation.pk)
        assert strike(conversation, saved.pk, by="Ana", at=row.created_at) == 1
        row.refresh_from_db()
    first, second = row.payload["receipts"]
    assert first["undone"]["by"] == "Ana"
    assert "undone" not in second
