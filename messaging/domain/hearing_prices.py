"""What listening to a voice note costs, in US dollars a minute.

OpenAI's price list (platform.openai.com/docs/pricing, "Transcription", estimated cost a minute). A model that is not
here has an unknown price, which is shown as unknown and counts as `CEILING` for the company's spending limit.
"""

from decimal import Decimal

PER_MINUTE = {
    "whisper-1": Decimal("0.006"),
    "gpt-4o-transcribe": Decimal("0.006"),
    "gpt-4o-transcribe-diarize": Decimal("0.006"),
    "gpt-4o-mini-transcribe": Decimal("0.003"),
}
CEILING = Decimal("0.01")  # a minute, above the dearest of the list
_SIXTY = Decimal(60)
_EXACT = Decimal("0.000000001")


def cost(model: str, seconds: Decimal | None) -> Decimal | None:
    """Dollars for so many seconds; None when the price or the length is unknown."""
    price = PER_MINUTE.get(model)
    return None if price is None or seconds is None else (price * seconds / _SIXTY).quantize(_EXACT)


def counted(*, unpriced: int, seconds: Decimal) -> Decimal:
    """Dollars that `unpriced` notes of `seconds` in all count for; one of unknown length counts as a minute."""
    return (CEILING * max(seconds / _SIXTY, Decimal(unpriced))).quantize(_EXACT) if unpriced else Decimal(0)
