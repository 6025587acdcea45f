"""The templates of a WhatsApp account, asked by an app that has to prove who it is."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from messaging.providers.base import Endpoints
from messaging.providers.meta_direct.templates import MetaBook
from tests.fakes.graph_templates import SECRET, TOKEN, WABA, TemplatesFake

BODY = [{"type": "BODY", "text": "Hola"}]


@pytest.fixture
def fake() -> Iterator[TemplatesFake]:
    with TemplatesFake() as served:
        served.needs_proof = True
        yield served


def book(fake: TemplatesFake) -> MetaBook:
    secrets = {"ACCESS_TOKEN": TOKEN, "APP_ID": "4711", "APP_SECRET": SECRET}
    ends = Endpoints(graph=fake.url, graph_version="v25.0", instagram="", ycloud="")
    return MetaBook.connected(config={"waba_id": WABA}, secret=lambda *which: secrets[which[1]], endpoints=ends)


def test_every_call_is_proven(fake: TemplatesFake) -> None:
    for number in range(3):  # more than a page
        fake.add(f"t{number}")
    assert len(book(fake).listed()) == 3
    picture = {"type": "HEADER", "format": "IMAGE", "example": {"header_url": [f"{fake.url}/sample.png"]}}
    given = {"language": "es_AR", "category": "utility", "components": [picture, *deepcopy(BODY)]}
    assert book(fake).submit(name="aviso", **given).state == "pending"
    assert fake.uploads
    book(fake).change(provider_id="1000", name="aviso", language="es_AR", category="utility", components=BODY)
    assert len(fake.changed) == 1
