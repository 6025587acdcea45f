"""The page of roles says what the table decides, in words, in both languages."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import translation

from tenants.domain import roles
from tenants.permission_words import AREAS
from tenants.views import roles as page

NAMED = [name for named in AREAS.values() for name in named]


def test_every_permission_has_its_sentence_once() -> None:
    assert sorted(NAMED) == sorted(roles.TABLE[roles.CEO])


def test_what_a_visit_may_is_among_what_the_owner_may_and_writes_nothing() -> None:
    assert roles.permissions(roles.SUPPORT) <= roles.TABLE[roles.CEO]
    assert all(name.endswith(".read") for name in roles.permissions(roles.SUPPORT))
    customers = {"inbox.read", "leads.read", "contacts.read", "runs.read", "knowledge.read", "audit.read"}
    assert not customers & roles.permissions(roles.SUPPORT)


def test_an_agent_may_less_than_anybody_who_could_publish_it() -> None:
    assert roles.TABLE[roles.CEO] > roles.AGENT
    assert not {name for name in roles.AGENT if name.endswith((".export", ".erase"))}


@pytest.mark.parametrize("role", roles.ROLES)
def test_the_page_is_drawn_from_the_table(role: str) -> None:
    """Change the table and the page changes; it has nothing of its own."""
    place = roles.ROLES.index(role)
    drawn = {
        name for named in AREAS.values() for name, words in named.items() if page._line(name, words).cells[place].may
    }
    assert drawn == roles.permissions(role)


def test_it_shows_the_table_to_who_may_see_the_team(client_as: Callable[..., Client]) -> None:
    text = client_as("ana").get("/permisos/").content.decode()
    assert text.count("<tr>") == len(NAMED) + len(AREAS)
    assert "solo personas" in text
    assert "Su rol: CEO" in text
    assert client_as("rita").get("/permisos/").status_code == 200
    assert client_as("sol").get("/permisos/").status_code == 403
    cells = len(re.findall(r'data-label="Setter"', text))
    assert cells == len(NAMED)


def test_every_sentence_is_said_in_english_too() -> None:
    with translation.override("en"):
        said = [str(words) for named in AREAS.values() for words in named.values()]
    with translation.override("es"):
        source = [str(words) for named in AREAS.values() for words in named.values()]
    assert not set(said) & set(source)
