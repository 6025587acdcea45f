"""Everybody wants the same times at once: one gets each, the others hear of three more, nobody sees a deadlock."""

import threading
from collections.abc import Callable
from functools import partial

from django.db import connection

from crm.agenda import booking, events, offers
from crm.models import AgendaEvent, Lead
from crm.services import assignment
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tests.crm.agenda.storm import HOUR, Storm
from tests.factories.agenda import next_hour
from tests.factories.crm import make_lead, make_seller
from tests.factories.crm_more import make_rule, make_rule_seller
from tests.support.cast import Cast


def together(*acts: Callable[[], None]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


ATTEMPTS = 300  # `python -m bench.agenda --storm` makes ten thousand


def test_hundreds_of_attempts_over_five_paths(live_tenants: Cast) -> None:
    storm = Storm(live_tenants, attempts=ATTEMPTS)
    outcome = storm.run()
    assert outcome.wrong == []
    assert not any(storm.judge().values()), storm.judge()
    assert sum(outcome.won.values()) + sum(outcome.lost.values()) == ATTEMPTS
    assert outcome.won["import"]
    assert all(outcome.lost[path] for path in storm.paths if path != "import")


def test_booking_and_giving_a_lead_away_do_not_wait_for_each_other_in_a_circle(live_tenants: Cast) -> None:
    """A rule holds the lead and then its sellers; so do a booking, a move and a cancellation."""
    by = Actor.system("Pruebas")
    with tenant_context(live_tenants.acme):
        rule = make_rule(is_active=True)
        sellers = [make_rule_seller(rule=rule).seller for _each in range(2)]
        lead = make_lead()
    start, gate, wrong = next_hour(), threading.Barrier(8), []

    def give() -> None:
        held = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
        assignment.assign(lead=held, owner=None, by=by)
        assignment.assign_by_rule(lead=held, by=by)

    def take(n: int) -> None:
        first = start + n * HOUR
        event = booking.book_at(
            seller=sellers[n % 2], start=first, end=first + HOUR, lead=lead, by=by, source=AgendaEvent.Source.PAGE
        )
        booking.reschedule(event=event, seller=sellers[1 - n % 2], by=by)
        events.cancel(event=event, by=by)

    def run(n: int) -> None:
        gate.wait()
        for turn in range(6):
            try:
                with tenant_context(live_tenants.acme):
                    take(6 * n + turn) if n % 2 else give()
            except Exception as error:  # noqa: BLE001 (a deadlock above all)
                wrong.append(error)
        connection.close()

    together(*(partial(run, n) for n in range(8)))
    assert wrong == []
    with tenant_context(live_tenants.acme):
        assert AgendaEvent.objects.filter(status="cancelled").count() == 24


def test_one_offer_sixteen_times_at_once_is_one_appointment(live_tenants: Cast) -> None:
    with tenant_context(live_tenants.acme):
        contact = make_lead().contact
        start = next_hour()
        token = offers.make(seller=make_seller(), service=None, start=start, end=start + HOUR)
    gate, found = threading.Barrier(16), []

    def run() -> None:
        gate.wait()
        with tenant_context(live_tenants.acme):
            booked = booking.book(
                offer=token, contact=contact, by=Actor.system("Pruebas"), source=AgendaEvent.Source.PUBLIC
            )
        found.append((booked.event.pk, booked.new))
        connection.close()

    together(*[run] * 16)
    assert len(found) == 16
    assert len({pk for pk, _new in found}) == 1
    assert [new for _pk, new in found].count(True) == 1
