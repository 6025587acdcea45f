"""Which agent answers and when: one rule, the company's hours and holidays, and one sentence when nobody does."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from agents.models import Agent
from agents.services import hours
from agents.services.agents import create_agent, publish_agent, update_agent
from agents.services.hours import Clock, answering, roster
from agents.services.scene import answering_version
from config.lib.errors import Invalid
from crm.models import AgendaSettings, HoursException
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.agents.services.story import TEAM, Story, employ
from tests.fakes.llm import FakeLLM

# Buenos Aires is three hours behind: 15:00 of a Thursday, and 22:00 of the same day.
AT_WORK, AT_NIGHT = datetime(2026, 11, 19, 18, 0, tzinfo=UTC), datetime(2026, 11, 20, 1, 0, tzinfo=UTC)
AWAY = "Atendemos de 9 a 18.\n\nMañana respondemos."


def make(name: str, **over: object) -> Agent:
    return create_agent(by=TEAM, **{"name": name, "channels": ["web"], **over})


def names(now: datetime, channel: str = "web") -> list[str]:
    return [version.agent.name for version in answering(channel, Clock(now))]


def keep(mode: str, **more: object) -> dict[str, object]:
    return {"hours": {"mode": mode, **more}}


def test_the_lowest_priority_answers_then_the_oldest(in_acme: Tenant) -> None:
    """[BUG] of the seeds: no rule for two active agents on one channel."""
    Agent.objects.all().delete()
    make("Segunda", priority=50)
    make("Tercera", priority=50)
    make("Primera", priority=10)
    make("Apagada", priority=1, is_active=False)
    make("De WhatsApp", priority=1, channels=["whatsapp"])
    assert names(AT_WORK) == ["Primera", "Segunda", "Tercera"]
    version = answering_version("web")
    assert version is not None
    assert version.agent.name == "Primera"


def test_only_what_was_published_counts(in_acme: Tenant) -> None:
    Agent.objects.all().delete()
    agent = make("Vera")
    update_agent(agent=agent, by=TEAM, channels=["whatsapp"], config=keep("outside"))
    assert names(AT_WORK) == ["Vera"]
    publish_agent(agent=agent, by=TEAM)
    assert names(AT_WORK) == []
    assert names(AT_NIGHT, "whatsapp") == ["Vera"]


def test_out_of_its_hours_the_next_one_answers(in_acme: Tenant) -> None:
    Agent.objects.all().delete()
    make("Día", priority=1, config=keep("business"))
    make("Noche", priority=2, config=keep("outside"))
    make("Siempre", priority=3)
    assert names(AT_WORK) == ["Día", "Siempre"]
    assert names(AT_NIGHT) == ["Noche", "Siempre"]


def test_holidays_and_days_that_differ_are_the_companys(in_acme: Tenant) -> None:
    Agent.objects.all().delete()
    make("Día", config=keep("business"))
    make("Guardia", priority=200, config=keep("own", week={"4": [["00:00", "24:00"]]}, rests_on_holidays=True))
    AgendaSettings.objects.update_or_create(id=1, defaults={"holidays": "AR"})
    holiday = datetime(2026, 12, 25, 15, 0, tzinfo=UTC)  # a Friday
    assert names(holiday) == []
    exception = HoursException.objects.create(day=holiday.date(), spans=[["11:00", "13:00"]])
    assert names(holiday) == ["Día", "Guardia"], "a day that differs opens a holiday"
    HoursException.objects.filter(pk=exception.pk).update(spans=[])
    assert names(holiday) == ["Guardia"], "closed, and no holiday for who works its own week"
    HoursException.objects.create(day=AT_WORK.date(), spans=[["20:00", "22:00"]])
    assert names(AT_WORK) == []


def test_who_answers_at_all_hours_costs_no_look_at_the_calendar(
    in_acme: Tenant, django_assert_num_queries: object
) -> None:
    Agent.objects.all().delete()
    make("Vera")
    with django_assert_num_queries(1):  # type: ignore[operator]
        answering("web", Clock(AT_WORK))
    make("Día", config=keep("business"))
    make("Noche", config=keep("outside"))
    with django_assert_num_queries(3):  # type: ignore[operator]
        answering("web", Clock(AT_WORK))


def closed_now() -> dict[str, object]:
    """Hours of an agent that does not answer at this moment, whenever the test runs."""
    far = str((timezone.now() + timedelta(days=3)).weekday())
    return {"mode": "own", "week": {far: [["10:00", "11:00"]]}}


class TestNobodyAnswers:
    def test_the_customer_is_told_once_and_the_chat_waits_for_people(
        self, acme: Tenant, story: Story, llm: FakeLLM
    ) -> None:
        self._only(acme, llm, {**closed_now(), "away": AWAY})
        run = story.hear("Hola, ¿están?")
        assert (run.status, run.reply, llm.requests) == ("handed_off", AWAY, [])
        told = story.said()
        assert " ".join(told) == AWAY.replace("\n\n", " ")
        assert story.fresh().mode == "human"
        assert any("A esta hora no responde ningún agente." in note for note in story.notes())
        with tenant_context(acme):
            type(story.conversation).objects.filter(pk=story.conversation.pk).update(
                mode="ai", human_override_until=None
            )
        story.hear("¿Hola?")
        assert story.said() == told, "said once"

    def test_without_a_sentence_nothing_is_said(self, acme: Tenant, story: Story, llm: FakeLLM) -> None:
        self._only(acme, llm, closed_now())
        assert story.hear("Hola").status == "handed_off"
        assert story.said() == []

    def test_without_any_agent_the_reason_is_another(self, acme: Tenant, story: Story) -> None:
        with tenant_context(acme):
            Agent.objects.all().delete()
        story.hear("Hola")
        assert any("Ningún agente publicado atiende este canal." in note for note in story.notes())

    def _only(self, acme: Tenant, llm: FakeLLM, kept: dict[str, object]) -> None:
        with tenant_context(acme):
            Agent.objects.all().delete()
        employ(acme, llm, config={"hours": kept})


def test_a_company_that_says_usted_hands_over_in_usted(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    with tenant_context(acme):
        Agent.objects.all().delete()
    employ(acme, llm, config={"register": "usted"})
    story.hear("Quiero hablar con una persona")
    assert story.said() == ["Una persona del equipo sigue con su consulta y le responde por este mismo chat."]


class TestRoster:
    @pytest.fixture(autouse=True)
    def _alone(self, in_acme: Tenant) -> None:
        Agent.objects.all().delete()

    def row(self, channel: str = "web") -> hours.Row:
        return next(row for row in roster(AT_WORK) if row.channel == channel)

    def test_a_row_says_who_answers_now_and_over_the_week(self) -> None:
        make("Día", priority=1, config=keep("business"))
        make("Siempre", priority=2)
        row = self.row()
        assert (row.now, row.attending, row.outside, row.warnings) == ("Día", ["Día"], ["Siempre"], [])

    def test_hours_without_anybody_are_told(self) -> None:
        make("Día", config=keep("business"))
        row = self.row()
        assert row.outside == [""]
        assert any("Hay horas sin agente" in said for said in row.warnings)

    def test_two_with_the_same_number_are_told_and_who_wins(self) -> None:
        make("Vera", priority=5)
        make("Sol", priority=5)
        assert self.row().warnings == ["Vera y Sol tienen la misma prioridad: responde Vera, que es anterior."]

    def test_equal_numbers_that_never_meet_are_no_trouble(self) -> None:
        make("Día", priority=5, config=keep("business"))
        make("Noche", priority=5, config=keep("outside"))
        assert self.row().warnings == []

    def test_between_specialists_the_subject_decides_and_the_front_door_begins(self) -> None:
        make("Turnos", priority=5, config={"specialty": "booking"})
        make("Puerta", priority=5, config={"specialty": "reception"})
        row = self.row()
        assert (row.now, row.attending, row.outside) == ("Puerta", ["Puerta"], ["Puerta"])
        assert (row.specialists, row.warnings) == (["Turnos"], [])

    def test_it_costs_the_same_with_many_agents(self, django_assert_num_queries: object) -> None:
        for number in range(12):
            make(f"Agente {number}", priority=number, config=keep("business"))
        with django_assert_num_queries(4):  # type: ignore[operator]
            roster(AT_WORK)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "a veces"},
        {"mode": "own"},
        {"mode": "own", "week": {"0": [["10:00", "09:00"]]}},
        {"mode": "business", "away": "x" * 501},
        "siempre",
    ],
)
def test_hours_that_say_nothing_are_refused(in_acme: Tenant, wrong: object) -> None:
    with pytest.raises(Invalid) as caught:
        make("Vera", config={"hours": wrong})
    assert "config.hours" in caught.value.fields
