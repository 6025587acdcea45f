"""What differs between model families, as one table.

Sources: OpenAI's chat completions reference (reasoning models refuse `max_tokens` and any sampling
value but the default) and Google's notes on its OpenAI-compatible endpoint (thought signatures).
Model names are the tenant's data; only name patterns live here.
"""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Family:
    """Habits of the models whose name matches `pattern`.

    `output_field` names the request field that limits output. `sends_temperature` False = leave the
    sampling values out. `output_floor` is the least output tokens worth asking for: hidden reasoning is
    paid from the same allowance, so a small one comes back empty. `signatures` on an assistant's tool calls: `own` = must
    come back and is demanded, `none` = an unknown field, `any` = whatever the server itself sent.
    """

    name: str
    pattern: re.Pattern[str]
    output_field: str = "max_tokens"
    sends_temperature: bool = True
    output_floor: int = 0
    signatures: Literal["own", "none", "any"] = "any"


FAMILIES: tuple[Family, ...] = (
    Family(
        "openai-chat",
        re.compile(r"^(openai/)?gpt-([5-9]|\d{2})[\w.-]*-chat"),
        "max_completion_tokens",
        False,
        0,
        "none",
    ),
    Family(
        "openai-reasoning",
        re.compile(r"^(openai/)?(o[1-9]|gpt-([5-9]|\d{2}))"),
        "max_completion_tokens",
        False,
        4000,
        "none",
    ),
    Family(
        "openai-classic",
        re.compile(r"^(openai/)?(gpt-4|gpt-3\.5|chatgpt-4)"),
        "max_completion_tokens",
        signatures="none",
    ),
    Family("gemini-signed", re.compile(r"^(models/|google/)?gemini-([3-9]|\d{2})"), "max_tokens", True, 4000, "own"),
    Family("gemini", re.compile(r"^(models/|google/)?gemini"), "max_tokens", True, 4000),
)
OTHER = Family("other", re.compile(r""))


# Models that take pictures (OpenAI's models page, "Input: text, image"; Gemini's are multimodal throughout).
_SEES = re.compile(
    r"^(openai/)?(gpt-4o(?!.*(audio|realtime|transcribe|tts))|chatgpt-4o|gpt-4\.1|gpt-4-turbo|gpt-[5-9]|o1(?!-mini|-preview)"
    r"|o3(?!-mini)|o[4-9])|^(models/|google/)?gemini"
)


def sees(model: str) -> bool:
    """Whether a model of this name can look at pictures; one that nobody knows is not sent any."""
    return _SEES.search(model.strip().lower()) is not None


def family_of(model: str) -> Family:
    """The family of a model name; names that nobody knows get the most portable habits."""
    name = model.strip().lower()
    return next((family for family in FAMILIES if family.pattern.search(name)), OTHER)
