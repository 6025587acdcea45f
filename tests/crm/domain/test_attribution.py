import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.attribution import LENGTHS, LINK, of_params, of_referral


def test_an_address_with_marks_says_where_somebody_came_from() -> None:
    found = of_params(
        {"utm_source": "boletin", "utm_campaign": "otoño", "gclid": "abc"}, page="https://acme.test/oferta"
    )
    assert found.as_dict() == {
        "source": "boletin",
        "campaign": "otoño",
        "click_id": "abc",
        "page": "https://acme.test/oferta",
    }


def test_a_click_id_alone_names_its_network() -> None:
    assert of_params({"gclid": "x"}).source == "google"
    assert of_params({"fbclid": "x"}).source == "meta"


def test_a_plain_address_says_nothing() -> None:
    assert not of_params({"q": "zapatos"})


def test_an_ad_that_opened_a_chat_is_kept_with_its_click() -> None:
    found = of_referral(
        {
            "source_type": "ad",
            "source_id": "120200000000001",
            "source_url": "https://fb.me/abc",
            "headline": "2x1 en marzo",
            "ctwa_clid": "ARA_1",
        }
    )
    assert (found.source, found.ad_id, found.click_id, found.content) == (
        "anuncio", "120200000000001", "ARA_1", "2x1 en marzo",
    )  # fmt: skip


def test_an_ad_of_messenger_has_its_title_elsewhere() -> None:
    found = of_referral({"source": "ADS", "ad_id": "7", "ads_context_data": {"ad_title": "Probar gratis"}})
    assert (found.ad_id, found.content) == ("7", "Probar gratis")


@given(
    st.dictionaries(
        st.sampled_from([f"utm_{each}" for each in LENGTHS] + ["gclid"]),
        st.text() | st.none() | st.integers() | st.lists(st.text()),
    ),
    st.text(),
    st.text(),
)
def test_nothing_of_an_address_is_longer_than_its_column_or_breaks_it(
    params: dict[str, object], page: str, referrer: str
) -> None:
    for name, value in of_params(params, page=page, referrer=referrer).as_dict().items():
        assert len(value) <= LENGTHS[name]
        assert "\x00" not in value
        value.encode()


@pytest.mark.parametrize("source", ["SHORTLINK", "CUSTOMER_CHAT_PLUGIN"])
def test_a_link_without_an_ad_is_no_ad(source: str) -> None:
    found = of_referral({"source": source, "type": "OPEN_THREAD", "ref": "volante-marzo"})
    assert (found.source, found.campaign) == (LINK, "volante-marzo")
