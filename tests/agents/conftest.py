"""A fake model server and one conversation of acme."""

from collections.abc import Iterator

import pytest

from tenants.models import Tenant
from tests.agents.services.story import Story, make_story
from tests.fakes.llm import FakeLLM


@pytest.fixture
def llm() -> Iterator[FakeLLM]:
    """An OpenAI-compatible server that says what the test scripts."""
    with FakeLLM(key="sk-test-of-acme") as server:
        yield server


@pytest.fixture
def story(acme: Tenant) -> Story:
    """A web visitor of acme."""
    return make_story(acme, name="", phone=None, email="")
