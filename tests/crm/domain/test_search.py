"""Words are compared without case and accents."""

from hypothesis import given
from hypothesis import strategies as st

from crm.domain.search import MOST_WORDS, as_prefix_query, normalised


def test_case_and_accents_do_not_count() -> None:
    assert normalised("  José  ÁLVAREZ\tÑandú ") == "jose alvarez nandu"


@given(st.text())
def test_whatever_is_typed_the_query_holds_only_words(typed: str) -> None:
    query = as_prefix_query(typed)

    parts = query.split(" & ") if query else []
    assert len(parts) <= MOST_WORDS
    assert all(part.endswith(":*") and part[:-2].isalnum() for part in parts)


def test_every_word_is_a_beginning() -> None:
    assert as_prefix_query("Jos álv") == "jos:* & alv:*"
