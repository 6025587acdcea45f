"""What WhatsApp would refuse is known before it is asked; what is written comes back as it was."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.domain import template_parts as parts
from messaging.domain.template_parts import Button, Written

WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="{}\x00\r", exclude_categories=["Cs", "Cc"]), min_size=1
)


def codes(written: Written) -> set[tuple[str, str]]:
    return {(each.field, each.code) for each in parts.problems(written)}


def whole(count: int, *, named: bool = False) -> Written:
    """A template with so many variables, nothing wrong with it."""
    names = [f"dato_{'abcdefghij'[number]}" if named else str(number + 1) for number in range(count)]
    body = "Hola " + " y ".join("{{" + name + "}}" for name in names) + " gracias"
    return Written(body=body, samples=tuple(f"ejemplo {number}" for number in range(count)))


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (Written(body="Hola"), set()),
        (Written(body=" "), {("body", "empty")}),
        (Written(body="a" * 1024), set()),
        (Written(body="a" * 1025), {("body", "long")}),
        (Written(body="{{1}} hola", samples=("x",)), {("body", "edge")}),
        (Written(body="hola {{1}}", samples=("x",)), {("body", "edge")}),
        (Written(body="hola {{1}}.", samples=("x",)), set()),
        (Written(body="hola {{1}} y {{3}}.", samples=("x", "y")), {("body", "holes")}),
        (Written(body="hola {{2}} y {{1}}.", samples=("x", "y")), set()),
        (Written(body="hola {{1}} y {{nombre}}.", samples=("x", "y")), {("body", "mixed")}),
        (Written(body="hola {{contact.name}}.", samples=("x",)), {("body", "name")}),
        (Written(body="hola {{nombre}}.", samples=("x",)), set()),
        (Written(body="hola {{1}}."), {("samples", "sample")}),
        (Written(body="hola", footer="a" * 60), set()),
        (Written(body="hola", footer="a" * 61), {("footer", "long")}),
        (Written(body="hola", footer="de {{1}}"), {("footer", "no_variable")}),
        (Written(body="hola", header="text", header_text="a" * 61), {("header_text", "long")}),
        (Written(body="hola", header="text", header_text=""), {("header_text", "empty")}),
        (Written(body="hola", header="text", header_text="{{1}}"), {("header_sample", "sample")}),
        (
            Written(body="hola", header="text", header_text="{{1}} {{2}}", header_sample="x"),
            {("header_text", "one_variable")},
        ),
        (Written(body="hola", header="image", header_text="una foto"), {("header_text", "link")}),
        (Written(body="hola", header="image", header_text="https://acme.test/foto.png"), set()),
        (Written(body="hola", buttons=(Button("quick_reply", "a" * 26),)), {("buttons", "label")}),
        (Written(body="hola", buttons=tuple(Button("quick_reply", str(n)) for n in range(11))), {("buttons", "many")}),
        (Written(body="hola", buttons=(Button("quick_reply", "Sí"),) * 2), {("buttons", "twice")}),
        (Written(body="hola", buttons=(Button("url", "Ver", "acme"),)), {("buttons", "url")}),
        (Written(body="hola", buttons=(Button("url", "Ver", "https://acme.test/{{1}}"),)), {("buttons", "url_sample")}),
        (
            Written(body="hola", buttons=(Button("url", "Ver", "https://acme.test/{{1}}/x", "a"),)),
            {("buttons", "url_variable")},
        ),
        (Written(body="hola", buttons=(Button("phone", "Llamar", "+54 9 11 5555-0000"),)), set()),
        (Written(body="hola", buttons=(Button("phone", "Llamar", "mañana"),)), {("buttons", "phone")}),
        (
            Written(body="hola", buttons=(Button("phone", "A", "+5491155550000"), Button("phone", "B", "+5491155550001"))),
            {("buttons", "many_phone")},
        ),
    ],
)  # fmt: skip
def test_what_whatsapp_would_refuse_is_named(written: Written, wrong: set[tuple[str, str]]) -> None:
    assert codes(written) == wrong


@settings(max_examples=60, deadline=None)
@given(count=st.integers(0, 9), named=st.booleans(), values=st.lists(WORDS, min_size=9, max_size=9))
def test_a_whole_template_is_read_back_and_filled_without_a_hole(count: int, named: bool, values: list[str]) -> None:
    written = whole(count, named=named)
    assert parts.problems(written) == []
    made = parts.components(written)
    assert parts.written(made) == written
    given_values = [value.replace("{", "").replace("}", "") for value in values[:count]]
    shown = parts.shown(made, parts.to_send(made, given_values))
    assert "{{" not in shown.body
    assert all(value in shown.body for value in given_values)


@settings(max_examples=100, deadline=None)
@given(
    given_parts=st.lists(
        st.dictionaries(
            st.sampled_from(["type", "format", "text", "example", "buttons", "parameters"]),
            st.one_of(
                st.none(),
                st.integers(),
                st.sampled_from(["HEADER", "BODY", "BUTTONS", "IMAGE", "TEXT", "Hola {{1}} y {{x}} y {{}}"]),
                st.lists(
                    st.one_of(st.none(), st.text(max_size=5), st.dictionaries(st.just("type"), st.text(max_size=5)))
                ),
                st.dictionaries(
                    st.sampled_from(["body_text", "header_url", "body_text_named_params"]),
                    st.one_of(
                        st.none(), st.text(max_size=3), st.lists(st.lists(st.integers(), max_size=2), max_size=2)
                    ),
                ),
            ),
            max_size=4,
        ),
        max_size=4,
    )
)
def test_whatever_a_provider_keeps_is_read_without_an_error(given_parts: list[dict[str, object]]) -> None:
    slots = parts.slots(given_parts)
    parts.written(given_parts)
    parts.shown(given_parts, parts.to_send(given_parts, ["x"] * len(slots)))


def test_numbers_are_filled_by_their_number_and_not_by_their_place() -> None:
    made = parts.components(Written(body="De {{2}} para {{1}}.", samples=("Sol", "Ana")))
    assert made[0]["example"] == {"body_text": [["Ana", "Sol"]]}
    sent = parts.to_send(made, ["ANA", "SOL"])
    assert parts.shown(made, sent).body == "De SOL para ANA."


def test_a_file_a_header_and_a_link_each_get_their_own_value() -> None:
    made = parts.components(
        Written(
            body="Hola {{nombre}}.",
            samples=("Ana",),
            header="image",
            header_text="https://acme.test/a.png",
            buttons=(Button("url", "Ver", "https://acme.test/{{1}}", "abc"), Button("quick_reply", "Sí")),
        )
    )
    assert [slot.kind for slot in parts.slots(made)] == ["image", "text", "text"]
    sent = parts.to_send(made, ["https://acme.test/b.png", "Ana", "xyz"])
    assert sent == [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://acme.test/b.png"}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Ana", "parameter_name": "nombre"}]},
        {"type": "button", "parameters": [{"type": "text", "text": "xyz"}], "sub_type": "url", "index": "1"},
    ]
