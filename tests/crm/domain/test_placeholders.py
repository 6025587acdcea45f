"""Texts that are filled whole or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from crm.domain.placeholders import fill, lacking

KNOWN = {"nombre": " Ana ", "ciudad": "", "campo.zona": "{{nombre}}"}


def test_names_are_read_without_regard_to_case_and_spaces() -> None:
    assert fill("Hola {{ Nombre }}, {{campo.zona}}.", KNOWN) == "Hola Ana, {{nombre}}."


def test_what_is_unknown_or_empty_is_named_once_in_its_order() -> None:
    assert lacking("{{ciudad}} {{nadie}} {{nombre}} {{ Ciudad }} {{}}", KNOWN) == ("ciudad", "nadie", "")


@given(st.text())
def test_any_text_without_a_lacking_name_can_be_filled(text: str) -> None:
    if not lacking(text, KNOWN):
        fill(text, KNOWN)
