"""What goes out: its shape arrives whole, our reference with it, and a lost answer is never taken for a refusal."""

from typing import Any

import pytest

from config.lib.errors import ProviderError
from messaging.providers import PROVIDERS, provider_class
from messaging.providers.base import Delivery, Outgoing, OutgoingMedia
from tests.messaging.providers.suite.benches import BENCHES, Bench, can, each_refusal

TEMPLATE = {
    "name": "recordatorio",
    "language": "es_AR",
    "components": [{"type": "body", "parameters": [{"type": "text", "text": "Ana"}]}],
}
PDF = OutgoingMedia("document", content=b"%PDF-1", mime="application/pdf", filename="año.pdf", caption="Mirá")


def text(bench: Bench, words: str = "¡Hola! 😀", **more: Any) -> Outgoing:
    return Outgoing("text", bench.to, text=words, **more)


def refused(bench: Bench, outgoing: Outgoing | None = None, **how: Any) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        bench.adapter(**how).send(outgoing or text(bench))
    return caught.value


def flat(body: Any) -> str:
    """Every word of a message as it travelled."""
    if isinstance(body, dict):
        return " ".join(f"{key} {flat(value)}" for key, value in body.items())
    return " ".join(map(flat, body)) if isinstance(body, list | tuple) else str(body)


def test_every_adapter_is_in_the_suite() -> None:
    tried = {provider_class(*bench.kind).__module__ for bench in BENCHES}
    assert tried == {provider_class(*kind).__module__ for kind in PROVIDERS}


@can("wired")
def test_a_text_arrives_as_written(bench: Bench) -> None:
    delivery = bench.adapter().send(text(bench, client_ref="0197-ref"))
    (sent,) = bench.sent()
    assert bench.words(sent["body"]) == "¡Hola! 😀"
    assert isinstance(delivery, Delivery)
    assert str(delivery.provider_message_id) == str(sent["id"])


@can("keeps_refs")
def test_our_reference_travels_with_the_message(bench: Bench) -> None:
    bench.adapter().send(text(bench, client_ref="0197-ref"))
    assert [sent["client_ref"] for sent in bench.sent()] == ["0197-ref"]


@can("text")
def test_the_longest_text_leaves_in_one_piece(bench: Bench) -> None:
    words = "ñ" * bench.adapter_class.text_limit
    assert bench.adapter().send(text(bench, words)).provider_message_id
    assert [bench.words(sent["body"]) for sent in bench.sent()] in ([words], [])


@can("text")
def test_nothing_to_say_is_not_sent(bench: Bench) -> None:
    error = refused(bench, text(bench, "  "))
    assert (error.kind, error.code) == ("permanent", "empty")
    assert not bench.sent()


@can("template")
def test_a_template_keeps_its_name_language_and_values(bench: Bench) -> None:
    bench.adapter().send(Outgoing("template", bench.to, template=TEMPLATE))
    (sent,) = bench.sent()
    assert all(word in flat(sent["body"]) for word in ("recordatorio", "es_AR", "Ana"))


@can("media", "uploads")
def test_a_file_of_ours_is_handed_over(bench: Bench) -> None:
    bench.adapter().send(Outgoing("media", bench.to, media=PDF))
    assert "Mirá" in flat([sent["body"] for sent in bench.sent()])  # Messenger: words and file are two messages


@can("media")
def test_an_empty_file_is_not_sent(bench: Bench) -> None:
    error = refused(bench, Outgoing("media", bench.to, media=None))
    assert error.kind == "permanent"
    assert not bench.sent()


@can("interactive")
def test_choices_can_be_tapped_or_at_least_read(bench: Bench) -> None:
    choices = (("yes", "Sí"), ("no", "No"))
    bench.adapter().send(Outgoing("interactive", bench.to, text="¿Confirmar?", choices=choices))
    (sent,) = bench.sent()
    assert all(word in flat(sent["body"]) for word in ("¿Confirmar?", "Sí", "No"))


@can("interactive")
def test_many_long_choices_are_all_told(bench: Bench) -> None:
    choices = tuple((str(one), f"Una opción bastante larga número {one}") for one in range(14))
    bench.adapter().send(Outgoing("interactive", bench.to, text="¿Cuál?", choices=choices))
    (sent,) = bench.sent()
    assert all(title in flat(sent["body"]) for _key, title in choices)


@can("reaction")
def test_a_reaction_names_its_message(bench: Bench) -> None:
    bench.adapter().send(Outgoing("reaction", bench.to, text="👍", reply_to="m.42"))
    (sent,) = bench.sent()
    assert all(word in flat(sent["body"]) for word in ("👍", "m.42"))


# --- refusals ------------------------------------------------------------------------------------------


@each_refusal()
def test_a_refusal_says_what_to_do_and_why(bench: Bench, how: dict[str, Any], kind: str) -> None:
    bench.refuse(**how)
    error = refused(bench)
    assert error.kind == kind
    assert error.code
    assert len(error.message) > 10
    assert not bench.sent()


@can("throttle")
def test_the_wait_that_the_provider_asks_for_is_passed_on(bench: Bench) -> None:
    bench.refuse(**bench.throttle)
    error = refused(bench)
    assert (error.kind, error.retry_after) == ("retry", 30)


@can("wired")
def test_a_dead_credential_is_told_apart_and_never_quoted(bench: Bench) -> None:
    error = refused(bench, dead=True)
    assert error.kind == "auth"
    assert bench.dead[1] not in f"{error} {error.message} {bench.adapter(dead=True)!r}"


@can("wired")
def test_a_late_answer_leaves_it_open_whether_it_was_sent(bench: Bench, hurried: None) -> None:
    bench.lose("hold")
    assert refused(bench).kind == "unknown"
    assert len(bench.sent()) == 1


@can("wired")
@pytest.mark.parametrize("how", ["drop", "garbage", "no_id"])
def test_a_lost_or_unreadable_answer_leaves_it_open(bench: Bench, how: str) -> None:
    bench.lose(how)
    assert refused(bench).kind == "unknown"
    assert len(bench.sent()) == 1


@can("wired")
def test_where_nobody_listens_nothing_was_sent(bench: Bench) -> None:
    error = refused(bench, away=True)
    assert (error.kind, error.code) == ("retry", "not_connected")
