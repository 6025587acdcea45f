"""Every address that is read: at most eight statements with BEGIN, the company, the membership and COMMIT, and never more
because there are more rows. The addresses come from the URL table, so a new page is measured the day it is added."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from tests.budget.crowd import WORD, Crowd, make_crowd
from tests.isolation.urltable import Address, addresses
from tests.support.clients import browser
from tests.support.live import drop_companies
from tests.support.services import Services
from tests.support.statements import Statements, statements

MOST = 8
MOST_IN_ADMIN = 14
FEW, MANY = 10, 1000
PART = {"HTTP_HX_REQUEST": "true"}
SEARCH = {"q": WORD, "search": WORD, "coleccion": "general", "limit": "200"}
READ = [each for each in addresses() if "GET" in each.verbs]
by_address = pytest.mark.parametrize("address", READ, ids=str)


@dataclass(frozen=True)
class Way:
    """How an address is asked for."""

    name: str
    query: dict[str, str]
    headers: dict[str, str]


WAYS = [
    Way("plain", {}, {}),
    Way("part", {}, PART),
    Way("search", SEARCH, {}),
    Way("older", {"antes": "900", "ver": "esperan"}, PART),
    Way("beside", {"sel": "00000000-0000-7000-8000-000000000000"}, PART),
]


@pytest.fixture(scope="module")
def crowds(test_services: Services, session_cast: object, django_db_blocker: Any) -> Iterator[tuple[Crowd, Crowd]]:
    with django_db_blocker.unblock():
        made = make_crowd(FEW), make_crowd(MANY)
        yield made
        for crowd in made:
            drop_companies([crowd.cast.acme, crowd.cast.globex], test_services, people=crowd.users)


def read(client: Client, path: str, way: Way) -> tuple[int, Statements]:
    with statements() as seen:
        answer = client.get(path, way.query, **way.headers)
        if answer.streaming:
            for _part in answer.streaming_content:  # type: ignore[attr-defined]
                pass
    return answer.status_code, seen


def measured(address: Address, crowd: Crowd, name: str) -> dict[tuple[str, str], tuple[int, Statements]]:
    client = browser(crowd.cast[name], raise_request_exception=False)
    found = {}
    for number, path in enumerate(address.paths(crowd.keys)):
        for way in WAYS if not address.is_admin else WAYS[:1]:
            found[str(number), way.name] = read(client, path, way)
    return found


@by_address
@pytest.mark.parametrize("name", ["ana", "sol"])
def test_a_page_costs_few_statements_and_as_many_for_a_thousand_rows_as_for_ten(
    address: Address, name: str, crowds: tuple[Crowd, Crowd], db: None
) -> None:
    few, many = (measured(address, crowd, name) for crowd in crowds)
    most = MOST_IN_ADMIN if address.is_admin else MOST
    wrong = []
    for case, (status, seen) in many.items():
        before, base = few[case]
        if status >= 500 or status != before:
            wrong.append(f"{case}: {before} and {status}")
        if seen.count > most:
            wrong.append(f"{case}: {seen.count} statements\n{seen}")
        if seen.count != base.count:
            wrong.append(f"{case}: {base.count} statements for {FEW} rows, {seen.count} for {MANY}\n{base}\n---\n{seen}")
    assert not wrong, "\n".join(wrong)


def test_most_addresses_answered_with_a_page(crowds: tuple[Crowd, Crowd], db: None) -> None:
    """Refusals cost little: this fails when the pages above were not really read."""
    client = browser(crowds[0].cast["ana"])
    answered = [
        each for each in READ if any(client.get(path).status_code == 200 for path in each.paths(crowds[0].keys)[:3])
    ]
    assert len(answered) >= 0.6 * len(READ), len(READ)
    assert {"/mi-dia/", "/leads/", "/bandeja/", "/admin/"} <= {str(each) for each in answered}


def test_a_statement_for_each_row_is_noticed(crowds: tuple[Crowd, Crowd], db: None, monkeypatch: Any) -> None:
    """With the list of leads read without its joins, the test above would fail."""
    from crm.models.lead import LeadQuerySet

    monkeypatch.setattr(LeadQuerySet, "select_related", lambda rows, *names: rows)
    counts = []
    for crowd in crowds:
        _status, seen = read(browser(crowd.cast["ana"]), "/leads/", WAYS[0])
        counts.append(seen.count)
    assert counts[1] > counts[0]
