"""Every address that is read: at most eight statements with BEGIN, the company, the membership and COMMIT, and never more
because there are more rows. The addresses come from the URL table, so a new page is measured the day it is added."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.budget.crowd import Crowd, make_crowd
from tests.budget.walk import PLAIN, READ, full_counts, measured, read
from tests.isolation.urltable import Address
from tests.support.clients import browser
from tests.support.live import drop_companies
from tests.support.services import Services
from tests.support.thorough import dealt

MOST = 8
KNOWN = {"/mi-dia/", "/leads/", "/bandeja/", "/admin/"}
TOLD = 3  # a refusal is told in a transaction of its own, once the request's is undone
MOST_IN_ADMIN = 14
FEW, MANY = 10, 1000
# Numbers of a period, which open exactly as many rows: these are counted to the end (docs/decisions/015).
EXACT = (
    "tablero/", "informes/", "api/v1/reports/", "agentes/costos/", "agentes/resultados/", "agentes/herramientas/", "api/v1/tools",
)  # fmt: skip
HEALTH = ("healthz", "readyz")  # 503 is an answer
# Nobody but who directs the company gets into the admin; a refusal costs the same for everybody.
# Deleting and history are the admin's own code: a third of the models is enough to see what our classes add to it.
BESIDE = [each for each in READ if each.is_admin and each.route.endswith(("/delete/", "/history/"))]
ADMIN = [each for each in READ if each.is_admin and each not in BESIDE]
ASKED = [each for each in READ if not each.is_admin] + dealt(ADMIN, 0, share=2) + dealt(BESIDE, 0, share=6)
PAGES = [each for each in ASKED if not each.is_admin]
CASES = [("ana", each) for each in ASKED] + [("sol", each) for each in dealt(PAGES, 0, share=6)]


@pytest.fixture(scope="module")
def crowds(test_services: Services, session_cast: object, django_db_blocker: Any) -> Iterator[tuple[Crowd, Crowd]]:
    with django_db_blocker.unblock():
        made = make_crowd(FEW), make_crowd(MANY)
        yield made
        for crowd in made:
            drop_companies([crowd.cast.acme, crowd.cast.globex], test_services, people=crowd.users)


@pytest.mark.parametrize(("name", "address"), CASES, ids=[f"{name}-{address}" for name, address in CASES])
def test_pages_cost_few_statements_however_many_rows(
    address: Address, name: str, crowds: tuple[Crowd, Crowd], db: None
) -> None:
    many = measured(address, crowds[1], name)
    # Whoever sees less runs the same statements with more joins: how many rows there are was asked as ana.
    few = measured(address, crowds[0], name) if name == "ana" else many
    most = MOST_IN_ADMIN if address.is_admin else MOST
    wrong = []
    for case, (status, seen) in many.items():
        before, base = few[case]
        broken = status >= 500 and address.route not in HEALTH
        if broken or status != before:
            wrong.append(f"{case}: {before} and {status}")
        if seen.count > most + (TOLD if status in (403, 404) else 0):
            wrong.append(f"{case}: {seen.count} statements\n{seen}")
        if seen.count != base.count:
            wrong.append(
                f"{case}: {base.count} statements for {FEW} rows, {seen.count} for {MANY}\n{base}\n---\n{seen}"
            )
        if full_counts(seen) and not address.route.startswith(EXACT):
            wrong.append(f"{case}: counts without an end\n{full_counts(seen)}")
    assert not wrong, "\n".join(wrong)


def test_most_addresses_answered_with_a_page(crowds: tuple[Crowd, Crowd], db: None) -> None:
    """Refusals cost little: this fails when the pages above were not really read."""
    client = browser(crowds[0].cast["ana"])
    some = {*dealt(READ, 0, share=3), *(each for each in READ if str(each) in KNOWN)}
    answers = {each: {client.get(path).status_code for path in each.paths(crowds[0].keys)[:1]} for each in some}
    pages = {each: statuses for each, statuses in answers.items() if statuses != {405}}  # acts answer to a form only
    answered = [each for each, statuses in pages.items() if 200 in statuses]
    assert len(answered) >= 0.6 * len(pages), len(pages)
    assert {str(each) for each in answered} >= KNOWN


def test_a_statement_for_each_row_is_noticed(crowds: tuple[Crowd, Crowd], db: None, monkeypatch: Any) -> None:
    """With the list of leads read without its joins, the test above would fail."""
    from crm.models.lead import LeadQuerySet

    monkeypatch.setattr(LeadQuerySet, "select_related", lambda rows, *names: rows)
    counts = []
    for crowd in crowds:
        _status, seen = read(browser(crowd.cast["ana"]), "/leads/", PLAIN)
        counts.append(seen.count)
    assert counts[1] > counts[0]
