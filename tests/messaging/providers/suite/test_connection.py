"""Who may knock, what is fetched, and how an account proves itself."""

import json
from typing import Any

import pytest
from django.utils import translation

from config.lib.errors import ProviderError
from messaging.ingest.webhooks import DOORS
from messaging.models import Channel
from messaging.providers.base import MediaRef
from messaging.services import adapters
from tenants.models import Tenant
from tests.messaging.providers.suite.benches import SECRET, Bench, can

RAW = json.dumps({"text": "¿Qué tal?", "url": "a/b"}).encode()


# --- signatures ----------------------------------------------------------------------------------------


def believed(bench: Bench, headers: dict[str, str], secrets: list[str], raw: bytes = RAW) -> bool:
    """By the adapter and, with the headers that it reads, by the door."""
    (door,) = (one for one in DOORS.values() if one.provider == bench.kind[0])
    given = {name.lower(): value for name, value in headers.items() if name.lower() in door.headers}
    verdicts = {bench.adapter_class.verify(raw, headers, secrets), door.verify(raw, given, secrets)}
    assert len(verdicts) == 1
    return verdicts.pop()


@can("signed")
def test_the_right_secret_opens(bench: Bench) -> None:
    assert believed(bench, bench.sign(RAW, SECRET), [SECRET])
    assert believed(bench, bench.sign(RAW, SECRET), ["another", "", SECRET])


@can("signed")
def test_nothing_else_opens(bench: Bench) -> None:
    signed = bench.sign(RAW, SECRET)
    assert not believed(bench, signed, ["another"])
    assert not believed(bench, signed, [])
    assert not believed(bench, {}, [SECRET])
    assert not believed(bench, signed, [SECRET], RAW + b" ")
    assert not believed(bench, bench.sign(RAW, ""), [""])
    for name, value in signed.items():
        for wrong in ("", value[:-1], value + "0", value.upper() + "x", "ñ" * 64):
            assert not believed(bench, signed | {name: wrong}, [SECRET])


@can("signed", "timed")
def test_an_old_signature_does_not_open(bench: Bench) -> None:
    for age in (290, -290):
        assert believed(bench, bench.sign(RAW, SECRET, age=age), [SECRET])
    for age in (310, -310, 86_400):
        assert not believed(bench, bench.sign(RAW, SECRET, age=age), [SECRET])


# --- files ---------------------------------------------------------------------------------------------


@can("fetches")
def test_a_persons_file_is_fetched(bench: Bench) -> None:
    found = bench.adapter().fetch_media(bench.add_file(b"OggS voice", "audio/ogg"))
    assert (found.content, found.mime.partition(";")[0]) == (b"OggS voice", "audio/ogg")
    assert found.filename


@can("fetches")
def test_a_file_that_is_too_large_stays_there(bench: Bench, hurried: None) -> None:
    with pytest.raises(ProviderError) as caught:
        bench.adapter().fetch_media(bench.add_file(b"x" * 5000, "image/png"))
    assert (caught.value.kind, caught.value.code) == ("permanent", "too_large")


@can("fetches")
@pytest.mark.parametrize(
    "url", ["http://10.0.0.8/a.png", "http://169.254.169.254/latest/meta-data", "file:///etc/hosts"]
)
def test_a_files_address_leads_nowhere_private(bench: Bench, url: str, settings: Any) -> None:
    settings.ALLOW_PRIVATE_PROVIDER_URLS = False
    with pytest.raises(ProviderError) as caught:
        bench.adapter().fetch_media(MediaRef(url=url))
    assert caught.value.kind == "permanent"


@can("fetches")
def test_a_file_without_address_is_gone(bench: Bench) -> None:
    with pytest.raises(ProviderError) as caught:
        bench.adapter().fetch_media(MediaRef())
    assert caught.value.kind == "permanent"


# --- the account ---------------------------------------------------------------------------------------


@can("reads")
def test_reading_and_typing_may_be_told_any_number_of_times(bench: Bench) -> None:
    adapter = bench.adapter()
    for typing in (False, True, True):
        adapter.mark_read("m.1", typing=typing, to=bench.to)
    assert not bench.sent()


@can("text")
def test_a_check_says_what_a_person_knows_the_account_by(bench: Bench) -> None:
    assert bench.adapter().check().strip()


@can("wired")
def test_a_check_with_a_dead_credential_fails_as_such(bench: Bench) -> None:
    with pytest.raises(ProviderError) as caught:
        bench.adapter(dead=True).check()
    assert caught.value.kind == "auth"


@can("told_facts")
def test_facts_are_plain_values_that_fit_into_a_row(bench: Bench) -> None:
    found = bench.adapter().facts()
    assert all(found.get(name) for name in bench.told_facts)
    assert json.loads(json.dumps(found)) == found


@can("secrets")
def test_a_missing_credential_is_named(bench: Bench, acme: Tenant) -> None:
    channel = Channel(provider=bench.kind[0], channel_source=bench.kind[1], config=bench.config)
    with translation.override("es"), pytest.raises(ProviderError) as caught:
        adapters.adapter_for(acme, channel)
    assert caught.value.kind == "auth"
    assert any(name in caught.value.message for name in bench.secrets)
