"""Looking into the agenda: what is offered, in whose words, and what is not."""

import json

import pytest

from agents.models import ToolCall
from agents.services.toolbox import allowed_tools
from agents.templates import AGENDA
from crm.calendars import look as calendars
from crm.models import Lead
from tenants.context import tenant_context
from tests.agents.services.story import make_story
from tests.agents.tools.agenda import HOURS, at, desk_of, look, rows, use
from tests.factories.agenda import make_calendar, make_event, make_service
from tests.factories.crm import make_seller

pytestmark = pytest.mark.usefixtures("monday")


class TestLooking:
    def test_it_lists_a_few_real_times_with_numbers_words_and_names(self, desk):
        found = look(desk)
        assert [each["number"] for each in found.data["options"]] == [1, 2, 3, 4, 5, 6]
        first = found.data["options"][0]
        assert ("24 de noviembre" in first["when"], "09:00" in first["when"], first["with"]) == (True, True, "Sol")
        assert "offer" not in json.dumps(found.as_json())
        assert len(found.kept) == 6

    def test_a_day_that_is_shut_gives_the_nearest_times_and_says_so(self, desk):
        found = look(desk, "el sábado a las 10")
        assert found.data["asked_time_is_free"] is False
        assert len(found.data["options"]) == 3

    def test_an_hour_that_is_free_is_the_only_option(self, desk):
        assert len(look(desk, "mañana a las 15").data["options"]) == 1

    def test_a_taken_hour_gives_others(self, acme, desk, sol_sells):
        with tenant_context(acme):
            make_event(seller=sol_sells, starts_at=at(24, 15))
        found = look(desk, "mañana a las 15")
        assert not [each for each in found.data["options"] if "15:00" in each["when"] and "24 de" in each["when"]]

    def test_a_second_look_of_the_turn_counts_on(self, desk):
        look(desk, "mañana a las 15")
        assert [each["number"] for each in look(desk, "el jueves a las 10").data["options"]] == [2]

    @pytest.mark.parametrize("when", ["ayer", "el 30 de febrero", "qwerty", "martes 25"])
    def test_what_is_not_understood_is_asked_and_nothing_is_offered(self, desk, when):
        found = look(desk, when)
        assert not found.ok
        assert "options" not in found.data
        assert found.message

    def test_without_a_day_the_soonest_come(self, desk):
        assert "23 de" in use(desk, "check_seller_availability").data["options"][0]["when"] or "hoy" in str(
            use(desk, "check_seller_availability").data["options"][0]["when"]
        )

    def test_a_service_is_found_by_a_word_of_its_name_and_asked_for_among_several(self, acme, desk):
        with tenant_context(acme):
            make_service(name="Limpieza dental", duration_minutes=30)
            make_service(name="Ortodoncia")
        assert look(desk).data["services"] == ["Limpieza dental", "Ortodoncia"]
        assert look(desk, service="limpieza").ok
        assert not look(desk, service="masajes").ok

    def test_a_seller_is_found_without_title_and_accents_and_a_stranger_is_named_nobody(self, acme, desk):
        with tenant_context(acme):
            make_seller(name="Dra. Paz Núñez", working_hours=HOURS)
        assert {each["with"] for each in look(desk, seller="la doctora Nunez").data.get("options", [])} <= {
            "Dra. Paz Núñez"
        }
        assert {each["with"] for each in look(desk, seller="dra nunez").data["options"]} == {"Dra. Paz Núñez"}
        assert "Sol" in look(desk, seller="Ramón").message

    def test_a_customer_of_another_country_hears_their_own_clock(self, acme, sol_sells):
        story = make_story(acme, name="Lucía", phone="+34600111222", email="")
        found = look(desk_of(acme, story), "mañana a las 16")
        assert found.data["times_in_zone"] == "Europe/Madrid"
        assert "16:00" in found.data["options"][0]["when"]

    def test_an_english_customer_hears_english(self, acme, story, sol_sells):
        desk = desk_of(acme, story, said="I would like an appointment tomorrow")
        assert "November" in look(desk, "tomorrow at 15:00").data["options"][0]["when"]

    def test_the_owner_of_the_lead_comes_first(self, acme, story, desk):
        with tenant_context(acme):
            paz = make_seller(name="Paz", working_hours=HOURS)
            Lead.objects.filter(contact_id=story.conversation.contact_id).update(owner=paz)
        assert look(desk, "mañana a las 15").data["options"][0]["with"] == "Paz"
        use(desk, "book_appointment", choice="1")
        assert rows(acme)[0].why["code"] == "owner"


@pytest.fixture
def google(acme, sol_sells, monkeypatch):
    """Sol has an external calendar; the test says how it answers."""
    with tenant_context(acme):
        make_calendar(seller=sol_sells)

    def answers(busy=(), unknown=True):
        seen = calendars.Looked(
            {} if unknown else {sol_sells.pk: list(busy)}, frozenset({sol_sells.pk} if unknown else ())
        )
        monkeypatch.setattr(calendars, "look", lambda *_args, **_more: seen)

    answers()
    return answers


class TestCalendarsThatCannotBeRead:
    def test_no_time_is_offered(self, desk, google):
        found = look(desk)
        assert (found.ok, found.data) == (False, {"why": "agenda_unknown"})
        assert found.kept == []

    def test_somebody_elses_times_still_are(self, acme, desk, google):
        with tenant_context(acme):
            make_seller(name="Teo", working_hours=HOURS)
        assert {each["with"] for each in look(desk).data["options"]} == {"Teo"}

    def test_one_that_fails_after_the_offer_books_nothing(self, acme, desk, google):
        google(unknown=False)
        assert look(desk).ok
        google()
        done = use(desk, "book_appointment", choice="1")
        assert (done.ok, done.data["why"], done.receipt) == (False, "agenda_unknown", None)
        assert rows(acme) == []


def test_a_suspicious_turn_may_look_and_change_nothing():
    names = {tool.name for tool in allowed_tools(AGENDA, suspicious=True)}
    assert names == {"check_seller_availability", "my_appointments"}


def test_the_trace_keeps_the_offers_and_the_model_does_not_read_them(acme, desk):
    found = look(desk)
    with tenant_context(acme):
        row = ToolCall.objects.get(run=desk.context.run_id)
    assert len(row.result["kept"]) == len(found.data["options"])
    assert "kept" not in found.as_json()
