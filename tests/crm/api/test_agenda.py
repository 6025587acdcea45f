"""Appointments through the API, in the bodies that integrations rely on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from crm.models import AgendaEvent, Contact, Seller
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.agenda import make_event, make_service
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.support.cast import Person

Api = Callable[..., APIClient]
EVENTS = "/api/v1/agenda/events/"
BOOK = "/api/v1/agenda/book"
HOURS = {str(day): [["09:00", "18:00"]] for day in range(7)}


def at(days: int, hour: int = 10) -> datetime:
    """A full hour so many days ahead, where the seller of these tests is."""
    day = timezone.now().astimezone(UTC) + timedelta(days=days)
    return day.replace(hour=hour + 5, minute=0, second=0, microsecond=0)


@pytest.fixture
def seller(acme: Tenant) -> Seller:
    with tenant_context(acme):
        return make_seller(working_hours=HOURS, timezone="Etc/GMT+5")


@pytest.fixture
def contact(acme: Tenant) -> Contact:
    with tenant_context(acme):
        return make_contact()


@pytest.fixture
def api(api_as: Api) -> APIClient:
    return api_as("ana")


def slots(api: APIClient, seller: Seller, **asked: Any) -> list[dict[str, Any]]:
    found = api.get(
        "/api/v1/availability/",
        {"seller": str(seller.pk), "from": at(1, 9).isoformat(), "to": at(1, 18).isoformat(), **asked},
    )
    assert found.status_code == 200, found.json()
    return list(found.json()["slots"])


# --- free times ------------------------------------------------------------------------------------------------
def test_free_times_are_full_hours_each_with_its_offer(api: APIClient, seller: Seller) -> None:
    answer = api.get(
        "/api/v1/availability/",
        {"seller": str(seller.pk), "from": at(1, 9).isoformat(), "to": at(1, 18).isoformat()},
    ).json()
    assert (answer["warning"], answer["next"], answer["previous"]) == ("", None, None)
    assert answer["results"] == answer["slots"]
    starts = [datetime.fromisoformat(slot["start"]) for slot in answer["slots"]]
    assert starts == [at(1, hour) for hour in range(9, 18)]
    for slot in answer["slots"]:
        assert slot["seller"] == str(seller.pk)
        assert datetime.fromisoformat(slot["end"]) - datetime.fromisoformat(slot["start"]) == timedelta(hours=1)
    assert len({slot["offer"] for slot in answer["slots"]}) == 9


def test_a_service_gives_the_length(api: APIClient, seller: Seller, acme: Tenant) -> None:
    with tenant_context(acme):
        service = make_service(duration_minutes=30, step_minutes=30)
    found = slots(api, seller, service=str(service.pk))
    assert len(found) == 18
    assert datetime.fromisoformat(found[0]["end"]) - datetime.fromisoformat(found[0]["start"]) == timedelta(minutes=30)


def test_a_whole_day_is_asked_for_by_its_date(api: APIClient, seller: Seller) -> None:
    day = at(2).date().isoformat()
    answer = api.get("/api/v1/availability/", {"seller": str(seller.pk), "from": day, "to": day}).json()
    assert answer["slots"]


def test_a_plus_that_nobody_escaped_is_understood(api: APIClient, seller: Seller) -> None:
    first, last = (at(1, hour).isoformat() for hour in (9, 11))
    answer = api.get(f"/api/v1/availability/?seller={seller.pk}&from={first}&to={last}")
    assert len(answer.json()["slots"]) == 2


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from": "ayer"}, "from"),
        ({"from": "2031-02-30"}, "from"),
        ({"from": "9999-12-31"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
        ({"from": "2031-01-02", "to": "2031-01-01"}, "to"),
        ({"from": "2031-01-01", "to": "2031-12-01"}, "to"),
        ({"seller": "x"}, "seller"),
    ],
    ids=str,
)
def test_a_question_that_makes_no_sense_is_refused(api: APIClient, asked: dict[str, str], field: str) -> None:
    answer = api.get("/api/v1/availability/", asked)
    assert answer.status_code in (400, 422)
    assert set(answer.json()["error"]["fields"]) == {field}


# --- booking ---------------------------------------------------------------------------------------------------
def test_an_offer_is_booked_once_however_often_it_is_brought(api: APIClient, seller: Seller, contact: Contact) -> None:
    body = {"offer": slots(api, seller)[0]["offer"], "contact": str(contact.pk), "note": "Trae papeles"}
    made, again = api.post(BOOK, body), api.post(BOOK, body)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["id"] == again.json()["id"]
    event = made.json()
    assert (event["seller"], event["contact"], event["status"]) == (str(seller.pk), str(contact.pk), "scheduled")
    assert (event["source"], event["note"]) == ("api", "Trae papeles")
    assert datetime.fromisoformat(event["start"]) == at(1, 9)
    assert datetime.fromisoformat(slots(api, seller)[0]["start"]) == at(1, 10)


def test_somebody_new_is_booked_by_name_and_phone(api: APIClient, seller: Seller, acme: Tenant) -> None:
    person = {"name": "Clara", "phone": "+5491155550001", "email": "clara@example.test"}
    made = api.post(BOOK, {"offer": slots(api, seller)[0]["offer"], "contact": person})
    assert made.status_code == 201
    with tenant_context(acme):
        assert Contact.objects.get(pk=made.json()["contact"]).phone == "+5491155550001"


def test_who_comes_second_hears_of_three_other_times(api: APIClient, seller: Seller, acme: Tenant) -> None:
    with tenant_context(acme):
        first, second = make_contact(), make_contact()
    offers = [slots(api, seller)[0]["offer"] for _each in range(2)]
    assert api.post(BOOK, {"offer": offers[0], "contact": str(first.pk)}).status_code == 201
    refused = api.post(BOOK, {"offer": offers[1], "contact": str(second.pk)})
    said = refused.json()
    assert (refused.status_code, said["error"]["code"], len(said["alternatives"])) == (409, "slot_taken", 3)
    taken = said["alternatives"][0]
    assert api.post(BOOK, {"offer": taken["offer"], "contact": str(second.pk)}).status_code == 201


def test_an_offer_that_was_changed_or_is_another_companys_books_nothing(
    api: APIClient, api_as: Api, seller: Seller, contact: Contact
) -> None:
    offer = slots(api, seller)[0]["offer"]
    forged = api.post(BOOK, {"offer": offer[:-2] + "xx", "contact": str(contact.pk)})
    foreign = api_as("gus").post(BOOK, {"offer": offer, "contact": {"name": "Otra"}})
    for answer in (forged, foreign):
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "offer_invalid")


@pytest.mark.parametrize(
    "body", [{}, {"offer": "x"}, {"contact": {"name": "A"}}], ids=["nothing", "nobody", "no-offer"]
)
def test_what_is_missing_is_named(api: APIClient, body: dict[str, Any]) -> None:
    answer = api.post(BOOK, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["fields"]


# --- any time --------------------------------------------------------------------------------------------------
def test_people_put_an_appointment_at_any_free_time(
    api: APIClient, seller: Seller, contact: Contact, acme: Tenant
) -> None:
    with tenant_context(acme):
        service = make_service(duration_minutes=45, name="Consulta")
    body = {"seller": str(seller.pk), "contact": str(contact.pk), "service": str(service.pk)}
    made = api.post(EVENTS, {**body, "start": at(1, 18).isoformat(), "title": "Consulta larga"})
    assert made.status_code == 201, made.json()
    event = made.json()
    assert datetime.fromisoformat(event["end"]) - datetime.fromisoformat(event["start"]) == timedelta(minutes=45)
    assert api.get(f"{EVENTS}{event['id']}/").json()["title"] == "Consulta larga"


def test_no_appointment_overlaps_another(api: APIClient, seller: Seller, contact: Contact) -> None:
    body = {"seller": str(seller.pk), "contact": str(contact.pk)}
    times = {"start": at(1).isoformat(), "end": at(1, 11).isoformat()}
    assert api.post(EVENTS, {**body, **times}).status_code == 201
    half = {"start": (at(1) + timedelta(minutes=30)).isoformat(), "end": at(1, 12).isoformat()}
    refused = api.post(EVENTS, {**body, **half})
    said = refused.json()
    assert (refused.status_code, said["error"]["code"], len(said["alternatives"])) == (409, "slot_taken", 3)
    beside = {"start": at(1, 11).isoformat(), "end": at(1, 12).isoformat()}
    assert api.post(EVENTS, {**body, **beside}).status_code == 201


def test_an_end_before_its_start_is_refused(api: APIClient, seller: Seller) -> None:
    answer = api.post(EVENTS, {"seller": str(seller.pk), "start": at(1, 12).isoformat(), "end": at(1, 11).isoformat()})
    assert (answer.status_code, set(answer.json()["error"]["fields"])) == (422, {"end"})


def test_a_seller_or_contact_of_another_company_does_not_exist(
    api: APIClient, seller: Seller, contact: Contact, globex: Tenant
) -> None:
    with tenant_context(globex):
        foreign = {"seller": str(make_seller().pk), "contact": str(make_contact().pk)}
    own = {"seller": str(seller.pk), "contact": str(contact.pk), "start": at(1).isoformat()}
    for name, value in foreign.items():
        assert api.post(EVENTS, {**own, name: value}).status_code == 404


def test_the_list_is_filtered_and_in_the_order_of_time(
    api: APIClient, seller: Seller, contact: Contact, acme: Tenant
) -> None:
    with tenant_context(acme):
        late = make_event(seller=seller, contact=contact, starts_at=at(5))
        soon = make_event(seller=seller, starts_at=at(2))
        other = make_event(starts_at=at(3), status="cancelled")
        make_event(status="held", hold_until=timezone.now() + timedelta(minutes=5))

    def ids(**asked: object) -> list[str]:
        return [row["id"] for row in api.get(EVENTS, asked).json()["results"]]

    assert ids() == [str(each.pk) for each in (soon, other, late)]
    assert ids(seller=seller.pk) == [str(soon.pk), str(late.pk)]
    assert ids(contact=contact.pk) == [str(late.pk)]
    assert ids(status="cancelled") == [str(other.pk)]
    assert ids(**{"from": at(3).isoformat(), "to": at(5).isoformat()}) == [str(other.pk)]
    assert api.get(EVENTS, {"status": "x"}).status_code == 400


# --- what happens to it ----------------------------------------------------------------------------------------
@pytest.fixture
def event(seller: Seller, contact: Contact, acme: Tenant) -> AgendaEvent:
    with tenant_context(acme):
        return make_event(seller=seller, contact=contact, starts_at=at(1, 12))


def test_it_is_moved_by_an_offer_and_stays_the_same(api: APIClient, event: AgendaEvent, seller: Seller) -> None:
    offer = slots(api, seller)[0]
    moved = api.post(f"{EVENTS}{event.pk}/reschedule", {"offer": offer["offer"]}).json()
    assert (moved["id"], moved["start"], moved["moves"]) == (str(event.pk), offer["start"], 1)


def test_it_is_moved_to_a_chosen_time_and_keeps_its_length(api: APIClient, event: AgendaEvent, acme: Tenant) -> None:
    with tenant_context(acme):
        colleague = make_seller()
    moved = api.post(f"{EVENTS}{event.pk}/reschedule", {"start": at(3).isoformat(), "seller": str(colleague.pk)})
    said = moved.json()
    assert (said["seller"], datetime.fromisoformat(said["end"])) == (str(colleague.pk), at(3, 11))
    assert api.post(f"{EVENTS}{event.pk}/reschedule", {}).status_code == 400


def test_a_time_that_is_taken_moves_nothing(api: APIClient, event: AgendaEvent, seller: Seller, acme: Tenant) -> None:
    with tenant_context(acme):
        make_event(seller=seller, starts_at=at(2))
    for answer in (
        api.post(f"{EVENTS}{event.pk}/reschedule", {"start": at(2).isoformat()}),
        api.patch(f"{EVENTS}{event.pk}/", {"start": at(2).isoformat()}),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "slot_taken")
        assert len(answer.json()["alternatives"]) == 3
    assert datetime.fromisoformat(api.get(f"{EVENTS}{event.pk}/").json()["start"]) == at(1, 12)


def test_words_are_changed_and_a_longer_time_is_a_move(api: APIClient, event: AgendaEvent) -> None:
    changed = api.patch(f"{EVENTS}{event.pk}/", {"note": "Piso 2", "end": at(1, 14).isoformat()}).json()
    assert (changed["note"], changed["title"], changed["moves"]) == ("Piso 2", "Visita", 1)
    assert datetime.fromisoformat(changed["end"]) == at(1, 14)


def test_it_is_confirmed_and_called_off_and_its_time_is_free_again(
    api: APIClient, event: AgendaEvent, seller: Seller
) -> None:
    assert api.post(f"{EVENTS}{event.pk}/confirm").json()["status"] == "confirmed"
    gone = api.post(f"{EVENTS}{event.pk}/cancel", {"reason": "Viaja"}).json()
    assert (gone["status"], gone["cancel_reason"]) == ("cancelled", "Viaja")
    assert api.post(f"{EVENTS}{event.pk}/cancel").status_code == 200
    assert at(1, 12) in [datetime.fromisoformat(slot["start"]) for slot in slots(api, seller)]
    assert api.post(f"{EVENTS}{event.pk}/confirm").status_code == 422


def test_whether_they_came_is_said_once_it_has_begun(api: APIClient, event: AgendaEvent, acme: Tenant) -> None:
    early = api.post(f"{EVENTS}{event.pk}/outcome", {"came": True})
    assert (early.status_code, early.json()["error"]["code"]) == (422, "not_begun")
    with tenant_context(acme):
        past = make_event(starts_at=at(-1))
    came = api.post(f"{EVENTS}{past.pk}/outcome", {"came": True, "outcome": "Compra"}).json()
    assert (came["status"], came["outcome"]) == ("done", "Compra")
    assert api.post(f"{EVENTS}{past.pk}/outcome", {"came": False}).json()["status"] == "no_show"
    assert api.post(f"{EVENTS}{past.pk}/outcome", {}).status_code == 400


def test_a_repeated_key_makes_one_appointment(api: APIClient, seller: Seller, contact: Contact) -> None:
    body = {"seller": str(seller.pk), "contact": str(contact.pk), "start": at(1).isoformat()}
    answers = [api.post(EVENTS, body, headers={"Idempotency-Key": "k1"}) for _each in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"]


# --- who may ---------------------------------------------------------------------------------------------------
def test_a_closer_sees_their_own_and_those_of_their_leads(
    api_as: Api, acme: Tenant, sol: Person, event: AgendaEvent
) -> None:
    with tenant_context(acme):
        mine = make_seller(user=sol.user)
        own = make_event(seller=mine, starts_at=at(2))
        lead = make_lead(owner=mine)
        led = make_event(lead=lead, contact=lead.contact, starts_at=at(3))
    api = api_as("sol")
    assert [row["id"] for row in api.get(EVENTS).json()["results"]] == [str(own.pk), str(led.pk)]
    assert api.get(f"{EVENTS}{event.pk}/").status_code == 404
    for act in ("cancel", "confirm", "outcome", "reschedule"):
        assert api.post(f"{EVENTS}{event.pk}/{act}", {"came": True, "start": at(4).isoformat()}).status_code == 404


def test_who_may_only_read_writes_nothing(api_as: Api, seller: Seller, event: AgendaEvent) -> None:
    key = api_as("ana").post("/api/v1/api-keys/", {"name": "Lectura", "scopes": ["agenda:read"]}).json()["key"]
    reader = APIClient()
    reader.credentials(HTTP_AUTHORIZATION=f"Bearer {key}")
    assert reader.get(f"{EVENTS}{event.pk}/").status_code == 200
    assert reader.get("/api/v1/availability/", {"seller": str(seller.pk)}).status_code == 200
    assert reader.post(f"{EVENTS}{event.pk}/cancel", format="json").status_code == 403
    assert reader.post("/api/v1/services/", {"name": "X"}, format="json").status_code == 403


def test_the_list_costs_the_same_however_many_there_are(api: APIClient, acme: Tenant, statements: Any) -> None:
    costs = []
    for number in (5, 60):
        with tenant_context(acme):
            for _each in range(number):
                make_event()
        with statements() as seen:
            api.get(EVENTS, {"limit": 200})
        costs.append(seen.count)
    assert costs[0] == costs[1] <= 8


# --- kept for a while ---------------------------------------------------------------------------------------------
def test_a_time_is_kept_and_then_booked_by_the_same_offer(api: APIClient, seller: Seller, contact: Contact) -> None:
    first, second = (slots(api, seller)[0]["offer"] for _turn in range(2))
    held = api.post("/api/v1/agenda/holds/", {"offer": first, "minutes": 5})
    assert held.status_code == 201
    assert api.post("/api/v1/agenda/holds/", {"offer": first}).json()["id"] == held.json()["id"]
    refused = api.post("/api/v1/agenda/book", {"offer": second, "contact": str(contact.pk)})
    assert (refused.status_code, len(refused.json()["alternatives"])) == (409, 3)

    booked = api.post("/api/v1/agenda/book", {"offer": first, "contact": str(contact.pk)})
    assert (booked.status_code, booked.json()["id"]) == (201, held.json()["id"])
    assert api.delete(f"/api/v1/agenda/holds/{held.json()['id']}").status_code == 404


def test_only_whoever_keeps_a_time_lets_it_go(api: APIClient, api_as: Callable[..., APIClient], seller: Seller) -> None:
    held = api.post("/api/v1/agenda/holds/", {"offer": slots(api, seller)[0]["offer"]}).json()["id"]
    assert api_as("sol").delete(f"/api/v1/agenda/holds/{held}").status_code == 404
    assert api.delete(f"/api/v1/agenda/holds/{held}").status_code == 204
    assert (
        api.post("/api/v1/agenda/holds/", {"offer": slots(api, seller)[0]["offer"], "minutes": 300}).status_code == 400
    )
