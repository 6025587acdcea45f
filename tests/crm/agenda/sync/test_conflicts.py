"""A person decides where our agenda and Google Calendar differ."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from crm.models import CalendarConflict
from tenants.context import tenant_context
from tests.crm.agenda.sync.conftest import Both
from tests.factories.agenda import make_conflict, make_event
from tests.support.cast import Person

HOME = "/agenda/conflictos/"


def choose(client: Client, conflict: CalendarConflict, choice: str) -> int:
    return client.post(f"{HOME}{conflict.pk}/", {"choice": choice}).status_code


@pytest.fixture
def edited(both: Both) -> CalendarConflict:
    """Moved to noon here and to four in the afternoon there."""
    event = both.book(10)
    both.sync()
    both.drag(event, 16)
    both.edit(event, location="En su casa")
    both.move(event, 12)
    both.push()
    [conflict] = both.conflicts()
    return conflict


@pytest.mark.parametrize(("choice", "hour"), [("ours", 12), ("theirs", 16)])
def test_the_chosen_side_is_on_both(
    both: Both, edited: CalendarConflict, client_as: Callable[..., Client], choice: str, hour: int
) -> None:
    assert choose(client_as("ana"), edited, choice) == 303
    both.sync()
    row = both.row(edited.event)
    assert row.starts_at == both.at(hour)
    assert both.hours(both.copy(edited.event)) == (hour, hour + 1)
    assert row.place == both.copy(edited.event)["location"]
    assert both.conflicts() == []
    with tenant_context(both.tenant):
        assert CalendarConflict.objects.get().resolution == choice


def test_what_changed_again_before_the_choice_arrived_is_asked_again(
    both: Both, edited: CalendarConflict, client_as: Callable[..., Client]
) -> None:
    both.drag(edited.event, 20)
    choose(client_as("ana"), edited, "ours")
    both.push()
    assert both.hours(both.copy(edited.event)) == (20, 21)
    assert len(both.conflicts()) == 1


def test_put_right_by_hand_is_looked_at_again(
    both: Both, edited: CalendarConflict, client_as: Callable[..., Client]
) -> None:
    both.drag(edited.event, 12)
    both.edit(edited.event, location="")
    choose(client_as("ana"), edited, "gone")
    both.sync()
    assert both.conflicts() == []
    assert both.row(edited.event).pushed_revision == both.row(edited.event).revision


@pytest.mark.parametrize(("choice", "standing"), [("ours", True), ("theirs", False)])
def test_of_a_deleted_copy(both: Both, client_as: Callable[..., Client], choice: str, standing: bool) -> None:
    event = both.book(10)
    both.sync()
    both.remove(event)
    both.move(event, 12)
    both.sync()
    [conflict] = both.conflicts()
    assert conflict.kind == "deleted"
    choose(client_as("ana"), conflict, choice)
    both.sync()
    assert both.row(event).is_upcoming is standing
    assert len(both.theirs()) == standing
    assert both.conflicts() == []


def test_their_time_that_is_taken_here_cannot_be_chosen(both: Both, client_as: Callable[..., Client]) -> None:
    event, other = both.book(10), both.book(12)
    both.sync()
    both.drag(event, 12)
    both.sync()
    [conflict] = both.conflicts()
    answer = client_as("ana").post(f"{HOME}{conflict.pk}/", {"choice": "theirs"})
    assert answer.status_code == 409
    assert "ya no está libre" in answer.content.decode()
    assert both.row(event).starts_at == both.at(10)
    both.cancel(other)
    assert choose(client_as("ana"), conflict, "theirs") == 303
    both.sync()
    assert both.row(event).starts_at == both.at(12)


def test_an_overlap_can_stay_or_cancel_the_appointment(both: Both, client_as: Callable[..., Client]) -> None:
    event = both.book(10)
    both.google.add_event(both.calendar_id, both.at(10), both.at(11), "Médico")
    both.sync()
    [conflict] = both.conflicts()
    page = client_as("ana").get(HOME).content.decode()
    assert "Médico" not in page
    assert "Cancelar la cita" in page
    choose(client_as("ana"), conflict, "ours")
    both.sync()
    assert both.conflicts() == []
    assert both.row(event).is_upcoming


def test_a_decided_one_is_not_decided_again(
    both: Both, edited: CalendarConflict, client_as: Callable[..., Client]
) -> None:
    assert choose(client_as("ana"), edited, "ours") == 303
    assert choose(client_as("ana"), edited, "theirs") == 409
    assert choose(client_as("ana"), edited, "both") == 422


def test_the_list_shows_both_versions_and_only_ones_own(
    both: Both, client_as: Callable[..., Client], sol: Person
) -> None:
    with tenant_context(both.tenant):
        conflict = make_conflict(
            event=make_event(title="Visita ajena"),
            theirs={
                "start": both.at(9).isoformat(),
                "end": both.at(10).isoformat(),
                "title": "Otra cosa",
                "version": "1",
            },
        )
    page = client_as("ana").get(HOME).content.decode()
    assert "Visita ajena" in page
    assert "Otra cosa" in page
    assert "Visita ajena" not in client_as("sol").get(HOME).content.decode()
    assert choose(client_as("sol"), conflict, "ours") == 404


def test_the_list_costs_the_same_with_many(both: Both, client_as: Callable[..., Client], statements: Any) -> None:
    client = client_as("ana")

    def cost(count: int) -> int:
        with tenant_context(both.tenant):
            for _number in range(count):
                make_conflict()
        with statements() as seen:
            assert client.get(HOME).status_code == 200
        return len(seen)

    cost(1)
    assert cost(1) == cost(12) <= 8
