"""How long people have a chat that nobody asked them to take, and that nobody is left waiting when that time is over."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from agents.domain.language import SAFETY
from agents.models import Agent
from agents.services import hours
from crm.models import HoursException, Notification
from messaging.models import Conversation
from messaging.services import takeover
from tenants.context import tenant_context
from tests.agents.services.story import employ
from tests.agents.services.test_briefs import HANDED, brief_of
from tests.agents.services.test_hours import closed_now
from tests.factories.messaging import make_message
from tests.support.tasks import run_task

SUNDAY = datetime(2026, 8, 2, 15, 0, tzinfo=UTC)
NIGHT = {"hours": {"mode": "own", "week": {"1": [["20:00", "24:00"]], "2": [["00:00", "06:00"]]}}}
MORNING = {"hours": {"mode": "business"}}


@pytest.fixture
def resting(acme, llm):
    """One agent, who does not answer at this hour."""
    with tenant_context(acme):
        Agent.objects.all().delete()
    return employ(acme, llm, config={"hours": closed_now()})


def time_is_up(story):
    """The sweep finds that people had the chat long enough."""
    with tenant_context(story.tenant):
        Conversation.objects.filter(pk=story.conversation.pk).update(human_override_until=timezone.now())
        assert takeover.release_overdue(timezone.now()) == 1
        Conversation.objects.filter(pk=story.conversation.pk, reply_due_at__isnull=False).update(
            reply_due_at=timezone.now()
        )
    return story.fresh()


class TestGravestFirst:
    @pytest.mark.parametrize("on_duty", [True, False])
    def test_an_emergency_that_asks_for_a_person_is_an_emergency(self, acme, story, llm, ana, on_duty):
        acme.trade = "clinic"
        employ(acme, llm, config={} if on_duty else {"hours": closed_now()})
        story.hear("Necesito hablar con un doctor, mi hijo no puede respirar")
        assert brief_of(story)["code"] == "emergency"
        assert "\n\n".join(story.said()).startswith(SAFETY["es"])
        with tenant_context(acme):
            assert Notification.objects.get(user_id=ana.user.pk, kind="waiting").is_urgent

    def test_who_asks_for_a_person_while_no_agent_is_on_duty_is_told_so(self, acme, story, resting):
        run = story.hear("Quiero hablar con una persona")
        assert (brief_of(story)["code"], run.reply, story.said()) == ("person", HANDED, [HANDED])

    def test_the_companys_own_words_come_first(self, acme, story, llm):
        with tenant_context(acme):
            Agent.objects.all().delete()
        employ(acme, llm, config={"hours": {**closed_now(), "away": "Volvemos el lunes."}})
        assert story.hear("Quiero hablar con una persona").reply == "Volvemos el lunes."


class TestUntilWhen:
    def test_the_agents_hour_ends_what_hours_began(self, acme, story, resting):
        story.hear("Hola")
        chat = story.fresh()
        with tenant_context(acme):
            assert chat.human_override_until == hours.next_on_duty("web")
        local = chat.human_override_until.astimezone(ZoneInfo(acme.timezone))
        assert (local.hour, local.minute) == (10, 0)
        assert timezone.now() < chat.human_override_until < timezone.now() + timedelta(days=8)

    def test_midnight_at_the_company_ends_what_the_ceiling_began(self, acme, story, llm):
        employ(acme, llm)
        acme.settings = {**acme.settings, "ai_daily_spend_usd": "0"}
        story.hear("Hola")
        local = story.fresh().human_override_until.astimezone(ZoneInfo(acme.timezone))
        assert (local.hour, local.minute, local.second) == (0, 0, 0)
        assert timedelta(0) < local - timezone.now() <= timedelta(hours=25)

    def test_a_person_that_was_asked_for_has_the_companys_own_time(self, acme, story, llm):
        employ(acme, llm)
        story.hear("Quiero hablar con una persona")
        left = story.fresh().human_override_until - timezone.now()
        assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)

    def test_the_next_hour_is_that_of_whoever_comes_first(self, acme, llm, django_assert_max_num_queries):
        with tenant_context(acme):
            Agent.objects.all().delete()
            assert hours.next_on_duty("web", SUNDAY) is None
        employ(acme, llm, name="Noche", config=NIGHT)
        zone = ZoneInfo(acme.timezone)
        with tenant_context(acme):
            assert hours.next_on_duty("web", SUNDAY) == datetime(2026, 8, 4, 20, 0, tzinfo=zone)
        employ(acme, llm, name="Día", config=MORNING)
        with tenant_context(acme), django_assert_max_num_queries(4):
            assert hours.next_on_duty("web", SUNDAY) == datetime(2026, 8, 3, 9, 0, tzinfo=zone)
        with tenant_context(acme):
            HoursException.objects.create(day=datetime(2026, 8, 3, tzinfo=zone).date(), spans=[["11:00", "12:00"]])
            assert hours.next_on_duty("web", SUNDAY) == datetime(2026, 8, 3, 11, 0, tzinfo=zone)
            HoursException.objects.update(spans=[])
            assert hours.next_on_duty("web", SUNDAY) == datetime(2026, 8, 4, 9, 0, tzinfo=zone)


class TestNobodyIsLeftWaiting:
    def test_an_agent_on_duty_answers_what_waited_though_the_customer_was_told_to_wait(self, acme, story, llm):
        employ(acme, llm)
        settings = acme.settings
        acme.settings = {**settings, "ai_daily_spend_usd": "0"}
        story.hear("¿Cuánto sale el de 80 litros?")
        assert story.said() == [HANDED]
        acme.settings = settings
        chat = time_is_up(story)
        assert (chat.mode, chat.reply_due_at is not None) == ("ai", True)
        llm.say("Sale 100 pesos, lo confirma el equipo.")
        story.answer()
        assert "80 litros" in str(llm.requests[-1]["messages"][-1])
        assert len(story.said()) == 2

    def test_with_nobody_on_duty_people_are_told_once(self, acme, story, resting, ana):
        story.hear("Hola")
        chat = time_is_up(story)
        assert (chat.mode, chat.reply_due_at) == ("ai", None)
        with tenant_context(acme):
            assert Notification.objects.filter(user_id=ana.user.pk, kind="waiting").count() == 1

    def test_who_wanted_a_person_gets_no_machine(self, acme, story, llm, ana):
        employ(acme, llm)
        story.hear("Quiero hablar con una persona")
        assert time_is_up(story).reply_due_at is None
        with tenant_context(acme):
            assert Notification.objects.filter(user_id=ana.user.pk, kind="waiting").exists()

    def test_whoever_was_answered_by_the_team_since_is_taken_up_by_the_agent(self, acme, story, llm):
        employ(acme, llm)
        story.hear("Quiero hablar con una persona")
        with tenant_context(acme):
            make_message(conversation=story.fresh(), direction="out", author="user", text="Hola, soy Ana")
            last = make_message(conversation=story.fresh(), text="¿Y el precio?")
            Conversation.objects.filter(pk=story.conversation.pk).update(reply_sequence=last.sequence)
        assert time_is_up(story).reply_due_at is not None

    def test_who_waits_for_nothing_is_left_alone(self, acme, story, llm):
        employ(acme, llm)
        story.hear("Quiero hablar con una persona")
        with tenant_context(acme):
            Conversation.objects.filter(pk=story.conversation.pk).update(waiting_since=None)
        assert time_is_up(story).reply_due_at is None
        with tenant_context(acme):
            assert not Notification.objects.exists()


def test_a_turn_that_breaks_says_goodbye_as_its_agent_addresses_customers(acme, story, llm, monkeypatch):
    employ(acme, llm, config={"register": "usted"})
    monkeypatch.setattr("agents.services.turns.prompt_of", lambda *_a, **_k: 1 / 0)
    story.customer_says("Hola")
    for _again in range(3):
        run_task("messaging.tasks.take_turn", tenant_id=acme.pk, conversation_id=str(story.conversation.pk))
        with tenant_context(acme):
            Conversation.objects.filter(pk=story.conversation.pk, mode="ai").update(reply_due_at=timezone.now())
    assert story.said()[0].startswith("Una persona del equipo sigue con su consulta")
