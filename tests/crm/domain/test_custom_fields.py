import json
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.custom_fields import LONGEST, Unfit, fit, key_of

KINDS = (
    "text", "long_text", "number", "money", "date", "yes_no", "choice", "choices", "email", "phone", "url"
)  # fmt: skip
OPTIONS = ("Norte", "Sur", "Este")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda each: st.lists(each) | st.dictionaries(st.text(), each),
)


@pytest.mark.parametrize(
    ("kind", "raw", "kept"),
    [
        ("text", "  dos   palabras ", "dos palabras"),
        ("text", 12, "12"),
        ("long_text", "una\nlínea", "una\nlínea"),
        ("number", "12,5", 12.5),
        ("number", "12", 12),
        ("number", 3.0, 3),
        ("number", "-7", -7),
        ("money", "1.500,50", "1500.50"),
        ("money", "-20", "-20.00"),
        ("money", 0, "0.00"),
        ("date", "2026-11-21", "2026-11-21"),
        ("date", "1/2/2026", "2026-02-01"),
        ("yes_no", "Sí", True),
        ("yes_no", False, False),
        ("yes_no", "no", False),
        ("choice", "norte", "Norte"),
        ("choices", ["Sur", "norte", "Sur"], ["Norte", "Sur"]),
        ("choices", "sur, este", ["Sur", "Este"]),
        ("email", "ana@acme.test", "ana@acme.test"),
        ("url", "https://acme.test/a?b=1", "https://acme.test/a?b=1"),
        ("text", "", None),
        ("choices", [], None),
        ("date", None, None),
    ],
)
def test_a_value_is_kept_in_one_shape(kind: str, raw: object, kept: object) -> None:
    assert fit(kind, raw, options=OPTIONS) == kept


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("text", "x" * 301),
        ("text", ["a"]),
        ("text", "a\x00b"),
        ("text", "\ud800"),
        ("number", "1.5.2"),
        ("number", "1e400"),
        ("number", "NaN"),
        ("number", True),
        ("number", 10**15),
        ("money", "1,234"[:3] + "x"),
        ("money", "1.005,123"),
        ("money", str(10**12)),
        ("date", "2026-02-30"),
        ("date", "31/2/2026"),
        ("date", "mañana"),
        ("yes_no", "quizás"),
        ("choice", "Oeste"),
        ("choices", ["Norte", 3]),
        ("choices", {"Norte": 1}),
        ("email", "ana@acme"),
        ("email", "a b@acme.test"),
        ("url", "javascript:alert(1)"),
        ("url", "http:///x"),
        ("url", "https://a b.test"),
        ("url", "data:text/html,x"),
    ],
)
def test_what_the_kind_cannot_hold_is_refused(kind: str, raw: object) -> None:
    with pytest.raises(Unfit):
        fit(kind, raw, options=OPTIONS)


@given(kind=st.sampled_from(KINDS), raw=ANYTHING)
def test_whatever_is_accepted_is_json_and_is_accepted_again_unchanged(kind: str, raw: object) -> None:
    try:
        kept = fit(kind, raw, options=OPTIONS)
    except Unfit:
        return
    assert json.loads(json.dumps(kept, allow_nan=False)) == kept
    assert fit(kind, kept, options=OPTIONS) == kept
    assert "\x00" not in str(kept)


@given(st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2))
def test_an_amount_never_loses_a_cent(amount: Decimal) -> None:
    assert Decimal(str(fit("money", f"{amount:.2f}"))) == amount


@given(st.dates(min_value=date(1, 1, 1)))
def test_every_day_goes_in_and_comes_out(day: date) -> None:
    assert fit("date", day.isoformat()) == day.isoformat()


@given(st.text(max_size=200))
def test_a_text_is_never_longer_than_its_kind_allows(text: str) -> None:
    for kind in ("text", "email", "url"):
        try:
            kept = fit(kind, text)
        except Unfit:
            continue
        assert kept is None or len(str(kept)) <= LONGEST[kind]


def test_keys_are_made_from_names_and_never_twice() -> None:
    assert key_of("Obra social") == "obra_social"
    assert key_of("¿Año de nacimiento?") == "ano_de_nacimiento"
    assert key_of("Zona", ["zona", "zona_2"]) == "zona_3"
    assert key_of("***") == "campo"
