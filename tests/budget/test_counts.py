"""Counting stops where nobody reads on."""

from collections.abc import Callable

import pytest
from django.test import Client

from config.lib import counts
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead


@pytest.mark.parametrize(("count", "words"), [(0, "0"), (999, "999"), (10_000, "10000"), (10_001, "10000+")])
def test_a_count_is_said_as_far_as_it_was_counted(count: int, words: str) -> None:
    """The mark between thousands is the language's own."""
    said = counts.words(count)
    assert "".join(letter for letter in said if letter.isdigit() or letter == "+") == words
    assert len(said) == len(words) + (count >= 10_000)


def test_stages_and_the_back_office_stop_counting(
    acme: Tenant, client_as: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "MOST", 3)
    with tenant_context(acme):
        contact = make_contact()
        for _each in range(5):
            make_lead(contact=contact)
    client = client_as("ana")
    assert '<span class="mark">3+</span>' in client.get("/leads/").content.decode()
    page = client.get("/admin/crm/lead/")
    assert page.status_code == 200
    assert page.context["cl"].result_count == 4
