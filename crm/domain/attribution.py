"""Where somebody came from, read out of an address or of the note an advertiser leaves with a message."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

# As long as the columns of crm.models.Touch.
LENGTHS = {
    "source": 60,
    "medium": 60,
    "campaign": 120,
    "term": 120,
    "content": 200,
    "ad_id": 64,
    "click_id": 300,
    "page": 500,
    "referrer": 500,
}
# The ids that ad networks add to a click, and whose each is.
CLICKS = {"ctwa_clid": "meta", "fbclid": "meta", "gclid": "google", "msclkid": "bing", "ttclid": "tiktok"}
AD = "anuncio"
LINK = "enlace"  # m.me and ig.me addresses, printed or shared: somebody came by them, but nobody paid for it
UTM = ("source", "medium", "campaign", "term", "content")
PARAMS = (*(f"utm_{name}" for name in UTM), *CLICKS)


@dataclass(frozen=True, slots=True)
class Attribution:
    """Empty where nothing was said. Already cut to what can be kept."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""
    ad_id: str = ""
    click_id: str = ""
    page: str = ""
    referrer: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, each.name) for each in fields(self))

    def as_dict(self) -> dict[str, str]:
        """Without the blanks, as `note_touch` takes it."""
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name))}


def cut(name: str, value: object) -> str:
    """The text as its column keeps it: one line, no letters a database refuses, not too long."""
    if not isinstance(value, str | int):
        return ""
    kept = "".join(each for each in str(value) if each != "\x00" and not "\ud800" <= each <= "\udfff")
    return " ".join(kept.split())[: LENGTHS[name]]


def of_params(params: Mapping[str, Any], *, page: str = "", referrer: str = "") -> Attribution:
    """From an address: utm_source, utm_medium…, and the click ids of ad networks."""
    said = {name: cut(name, params.get(f"utm_{name}", "")) for name in UTM}
    click = next((name for name in CLICKS if params.get(name)), "")
    if click and not said["source"]:
        said["source"] = CLICKS[click]
    return Attribution(
        **said,
        click_id=cut("click_id", params.get(click, "")) if click else "",
        page=cut("page", page),
        referrer=cut("referrer", referrer),
    )


def of_referral(referral: Mapping[str, Any]) -> Attribution:
    """From what WhatsApp or Messenger says of the ad, or of the link without an ad, that was clicked.

    Meta: WhatsApp `referral` {source_type, source_id, source_url, headline, body, ctwa_clid}; Messenger and Instagram
    `referral` {source, type, ad_id, ref, ads_context_data {ad_title}}.
    """
    paid = (
        referral.get("ad_id")
        or referral.get("ctwa_clid")
        or referral.get("source_type")
        or referral.get("source") == "ADS"
    )
    context = referral.get("ads_context_data")
    title = context.get("ad_title", "") if isinstance(context, Mapping) else ""
    return Attribution(
        source=AD if paid or not referral.get("source") else LINK,
        medium=cut("medium", referral.get("source_type") or referral.get("source") or ""),
        campaign=cut("campaign", referral.get("ref") or ""),
        content=cut("content", referral.get("headline") or title or referral.get("body") or ""),
        ad_id=cut("ad_id", referral.get("ad_id") or referral.get("source_id") or ""),
        click_id=cut("click_id", referral.get("ctwa_clid") or ""),
        page=cut("page", referral.get("source_url") or ""),
    )
