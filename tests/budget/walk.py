"""Reading every address that can be read, in the ways a browser asks for it, and counting what that sends to PostgreSQL."""

from dataclasses import dataclass

from django.test import Client

from tests.budget.crowd import WORD, Crowd
from tests.isolation.urltable import Address, addresses
from tests.support.clients import browser
from tests.support.statements import Statements, statements

READ = [each for each in addresses() if "GET" in each.verbs]


@dataclass(frozen=True)
class Way:
    """How an address is asked for."""

    name: str
    query: dict[str, str]
    headers: dict[str, str]


AS_PART = {"HTTP_HX_REQUEST": "true"}
PLAIN = Way("plain", {}, {})
PART = Way("part", {}, AS_PART)
SEARCH = Way("search", {"q": WORD, "search": WORD, "coleccion": "general", "limit": "200"}, {})
CHAT = [
    Way("older", {"antes": "900"}, AS_PART),
    Way("live", {"desde": "1"}, AS_PART),
    Way("waiting", {"ver": "esperan"}, {}),
    Way("beside", {"sel": "00000000-0000-7000-8000-000000000000"}, AS_PART),
]


def read(client: Client, path: str, way: Way) -> tuple[int, Statements]:
    with statements() as seen:
        answer = client.get(path, way.query, **way.headers)
        if answer.streaming:
            for _part in answer.streaming_content:  # type: ignore[attr-defined]
                pass
    return answer.status_code, seen


def full_counts(seen: Statements) -> list[str]:
    """Statements that count a whole table, however long; a counted subquery ends with a LIMIT.

    How rare a word is among the passages is part of their ranking and has to be counted (by index).
    """
    counts = [sql for sql in seen.sql if "COUNT(" in sql.upper() and "LIMIT" not in sql.upper()]
    # And /readyz asks how many companies wait for their migration: one small table, once a probe.
    return [sql for sql in counts if "rag_chunk" not in sql and "schema_version" not in sql]


def ways_of(address: Address, name: str) -> list[Way]:
    if address.is_admin or name != "ana":  # who sees less is asked for the joins of that narrowing alone
        return [PLAIN]
    if address.is_api:
        return [PLAIN, SEARCH]
    return [PLAIN, SEARCH, PART, *(CHAT if address.route.startswith("bandeja/") else [])]


def measured(address: Address, crowd: Crowd, name: str) -> dict[tuple[str, str], tuple[int, Statements]]:
    client = browser(crowd.cast[name], raise_request_exception=False)
    found = {}
    if address.is_admin:  # the table of content types is read once by each process
        client.get(address.paths(crowd.keys)[0])
    # Where the crowd has no row of that model, each other key is as unknown there as the next.
    for number, path in enumerate(address.paths(crowd.keys)[:2]):
        for way in ways_of(address, name):
            found[str(number), way.name] = read(client, path, way)
    return found
