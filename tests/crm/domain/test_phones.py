import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.domain.phones import phone_variants


@pytest.mark.parametrize(
    "phone, other",
    [
        ("+5491155551111", "+541155551111"),
        ("+542235551111", "+5492235551111"),
        ("+5215512345678", "+525512345678"),
        ("+525512345678", "+5215512345678"),
        ("+5511987654321", "+551187654321"),
        ("+551187654321", "+5511987654321"),
    ],
)
def test_a_latin_american_mobile_has_one_other_spelling(phone, other):
    assert phone_variants(phone) == (phone, other)


@pytest.mark.parametrize(
    "phone",
    [
        "+551133334444",  # a landline in São Paulo
        "+5511933334444",  # a mobile that would end like that landline
        "+549911555111",
        "+14155552671",
        "+56912345678",
        "+54115555",
        "5491155551111",
        "",
    ],
)
def test_other_numbers_have_only_their_own(phone):
    assert phone_variants(phone) == (phone,)


numbers = st.from_regex(r"\+(54|549|52|521|55)[0-9]{8,11}|\+[1-9][0-9]{6,14}", fullmatch=True)


@given(numbers)
@example("+5491155551111")
@example("+5215212345678")
@example("+5599987654321")
def test_each_spelling_leads_to_the_same_set(phone):
    variants = phone_variants(phone)
    assert variants[0] == phone
    assert len(set(variants)) == len(variants) <= 2
    for one in variants:
        assert set(phone_variants(one)) == set(variants)


@given(st.text())
def test_no_text_is_rewritten_or_refused(text):
    assert phone_variants(text)[0] == text
