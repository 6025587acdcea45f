import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.form_fields import MISSING, at, kept, mapped, placed

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", 1),
        ("lista.1.x", 2),
        ("con.punto", 3),
        ("a", {"b": 1}),
        ("a.c", MISSING),
        ("lista.9", MISSING),
        ("", MISSING),
    ],
)
def test_a_path_leads_into_the_message(path: str, found: Any) -> None:
    assert at({"a": {"b": 1}, "lista": [0, {"x": 2}], "con.punto": 3}, path) == found


def test_the_usual_names_need_no_mapping() -> None:
    sent = {"First_Name": "Ana", "apellido": "Ruiz", "Teléfono": "11", "MAIL": "a@b.test", "otra": 1}
    assert mapped(sent, []) == {"name": "Ana Ruiz", "phone": "11", "email": "a@b.test"}


def test_a_mapping_wins_over_the_usual_names() -> None:
    assert mapped({"phone": "1", "data": {"tel": "2"}}, [{"name": "phone", "path": "data.tel"}])["phone"] == "2"
    assert "phone" not in mapped({"phone": "1"}, [{"name": "phone", "path": "data.tel"}])


def test_an_example_is_found_where_it_was_put() -> None:
    mapping = [
        {"name": "phone", "path": "data.personas.0.tel"},
        {"name": "email", "path": "data.mail"},
        {"name": "lead.zona"},
    ]
    values = {"phone": "1", "email": "a@b.test", "lead.zona": "Sur", "name": "Ana"}
    message = placed(values, mapping)
    assert message["data"] == {"personas": [{"tel": "1"}], "mail": "a@b.test"}
    assert mapped(message, mapping) == values
    assert mapped({"zona": "Sur"}, mapping) == {"lead.zona": "Sur"}, "its key alone is enough"


@given(ANYTHING)
def test_whatever_is_sent_is_kept_small_and_storable(payload: Any) -> None:
    text = json.dumps(kept(payload), allow_nan=False)
    assert "\\u0000" not in text
    text.encode()
    assert len(text) < 2_000_000


def test_a_deep_or_endless_message_is_cut() -> None:
    deep: Any = "x"
    for _each in range(200):
        deep = {"a": deep}
    assert len(json.dumps(kept(deep))) < 200
    assert len(kept(list(range(10_000)))) <= 200


@pytest.mark.parametrize(
    "name", ["password", "access_token", "Authorization", "api-key", "CVV", "card_number", "clave"]
)
def test_secrets_are_known_by_their_names(name: str) -> None:
    assert kept({"a": {name: "s3cr3t"}}) == {"a": {name: "…"}}
