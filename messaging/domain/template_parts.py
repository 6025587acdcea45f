"""A WhatsApp template as a person writes it, as the provider keeps it, and as it is sent. Pure.

Limits: Meta, "Template components" and "Templates overview", November 2025; UNVERIFIED where only vendors say so.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

NAME_MOST, HEADER_MOST, BODY_MOST, FOOTER_MOST, BUTTON_MOST = 512, 60, 1024, 60, 25
BUTTONS_MOST, URLS_MOST, PHONES_MOST = 10, 2, 1
URL_MOST, PHONE_MOST = 2000, 20
VARIABLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?")
NAME = re.compile(r"[a-z0-9_]{1,512}")
_NAMED = re.compile(r"[a-z][a-z0-9_]*")  # a named variable; a digit in front is UNVERIFIED, so refused
_PHONE = re.compile(r"\+?[0-9]{6,19}")
MEDIA_HEADERS = ("image", "video", "document")
QUICK_REPLY, URL, PHONE = BUTTON_KINDS = ("quick_reply", "url", "phone")


@dataclass(frozen=True, slots=True)
class Button:
    """`value`: the address of a link, the number of a call; `sample` what its variable stands for."""

    kind: str
    text: str
    value: str = ""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a person fills in. `header`: "", text, image, video or document; `header_text` is its words or its file's link.

    `samples` stand for the body's variables, in the order of their first use.
    """

    body: str
    header: str = ""
    header_text: str = ""
    header_sample: str = ""
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    samples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Slot:
    """Something that is filled in when the template is sent: `kind` is text or the kind of a header's file."""

    part: str
    name: str
    kind: str = "text"
    index: int = 0
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What WhatsApp would refuse: the field, a code, and the number that the words need."""

    field: str
    code: str
    most: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A template with its data, as the customer will see it."""

    header: str = ""
    media: str = ""
    body: str = ""
    footer: str = ""
    buttons: tuple[tuple[str, str], ...] = field(default=())


# --- what is wrong ----------------------------------------------------------------------------------------------


def names_in(text: str) -> tuple[str, ...]:
    """The variables of a text, each once, in their order."""
    return tuple(dict.fromkeys(VARIABLE.findall(text)))


def problems(written: Written) -> list[Problem]:
    """Everything that WhatsApp would refuse without a person having to look at it."""
    return [*_of_header(written), *_of_body(written), *_of_footer(written.footer), *_of_buttons(written.buttons)]


def _of_header(written: Written) -> Iterable[Problem]:
    text = written.header_text.strip()
    if written.header in MEDIA_HEADERS:
        if not re.fullmatch(r"https://\S{4,1990}", text):
            yield Problem("header_text", "link")
    elif written.header == "text":
        if not text:
            yield Problem("header_text", "empty")
        if len(text) > HEADER_MOST:
            yield Problem("header_text", "long", HEADER_MOST)
        if "\n" in text:
            yield Problem("header_text", "lines")
        names = names_in(text)
        if len(names) > 1:
            yield Problem("header_text", "one_variable")
        yield from _of_names("header_text", names)
        if names and not written.header_sample.strip():
            yield Problem("header_sample", "sample")


def _of_body(written: Written) -> Iterable[Problem]:
    text = written.body.strip()
    if not text:
        yield Problem("body", "empty")
    if len(text) > BODY_MOST:
        yield Problem("body", "long", BODY_MOST)
    names = names_in(text)
    yield from _of_names("body", names)
    found = list(VARIABLE.finditer(text))
    if found and (found[0].start() == 0 or found[-1].end() == len(text)):  # a full stop after it is enough
        yield Problem("body", "edge")
    if [sample.strip() for sample in written.samples[: len(names)]].count("") or len(written.samples) < len(names):
        yield Problem("samples", "sample", len(names))


def _of_names(where: str, names: Sequence[str]) -> Iterable[Problem]:
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 4]
    if len(numbers) == len(names):
        if sorted(numbers) != list(range(1, len(names) + 1)):
            yield Problem(where, "holes")
    elif numbers:
        yield Problem(where, "mixed")
    elif not all(_NAMED.fullmatch(name) for name in names):
        yield Problem(where, "name")


def _of_footer(footer: str) -> Iterable[Problem]:
    if len(footer.strip()) > FOOTER_MOST:
        yield Problem("footer", "long", FOOTER_MOST)
    if VARIABLE.search(footer):
        yield Problem("footer", "no_variable")
    if "\n" in footer.strip():
        yield Problem("footer", "lines")


def _of_buttons(buttons: Sequence[Button]) -> Iterable[Problem]:
    for kind, most in (("", BUTTONS_MOST), (URL, URLS_MOST), (PHONE, PHONES_MOST)):
        if sum(not kind or each.kind == kind for each in buttons) > most:
            yield Problem("buttons", f"many_{kind}" if kind else "many", most)
    if len({each.text.strip().casefold() for each in buttons}) < len(buttons):
        yield Problem("buttons", "twice")
    for each in buttons:
        text = each.text.strip()
        if not text or len(text) > BUTTON_MOST or "\n" in text:
            yield Problem("buttons", "label", BUTTON_MOST)
        if VARIABLE.search(text):
            yield Problem("buttons", "no_variable")
        if each.kind == URL:
            yield from _of_url(each)
        if each.kind == PHONE and not _PHONE.fullmatch(re.sub(r"[ ().-]", "", each.value)):
            yield Problem("buttons", "phone")


def _of_url(button: Button) -> Iterable[Problem]:
    names = names_in(button.value)
    if not re.fullmatch(r"https?://\S{3,1990}", VARIABLE.sub("x", button.value.strip())):
        yield Problem("buttons", "url", URL_MOST)
    if names and (names != ("1",) or not button.value.strip().endswith("}}")):
        yield Problem("buttons", "url_variable")
    if names and not button.sample.strip():
        yield Problem("buttons", "url_sample")


# --- to and from the provider's form ------------------------------------------------------------------------------


def components(written: Written) -> list[dict[str, Any]]:
    """As Meta and YCloud take it. A header's file stands in example.header_url; Meta's adapter uploads it."""
    made: list[dict[str, Any]] = []
    if written.header in MEDIA_HEADERS:
        link = {"header_url": [written.header_text.strip()]}
        made.append({"type": "HEADER", "format": written.header.upper(), "example": link})
    elif written.header == "text":
        text = written.header_text.strip()
        head: dict[str, Any] = {"type": "HEADER", "format": "TEXT", "text": text}
        made.append(head | _example("header_text", names_in(text), [written.header_sample.strip()], nested=False))
    text = written.body.strip()
    samples = [sample.strip() for sample in written.samples]
    made.append({"type": "BODY", "text": text} | _example("body_text", names_in(text), samples, nested=True))
    if written.footer.strip():
        made.append({"type": "FOOTER", "text": written.footer.strip()})
    if written.buttons:
        made.append({"type": "BUTTONS", "buttons": [_button(each) for each in _grouped(written.buttons)]})
    return made


def _example(key: str, names: Sequence[str], samples: Sequence[str], *, nested: bool) -> dict[str, Any]:
    if not names:
        return {}
    if names[0].isdecimal():
        # The samples stand in the order of use, Meta wants the order of the numbers.
        ordered = [sample for _number, sample in sorted(zip(map(int, names), samples, strict=False))]
        return {"example": {key: [ordered] if nested else ordered}}
    named = [{"param_name": name, "example": sample} for name, sample in zip(names, samples, strict=False)]
    return {"example": {f"{key}_named_params": named}}


def _grouped(buttons: Sequence[Button]) -> list[Button]:
    """Quick replies may not stand between other buttons."""
    return sorted(buttons, key=lambda each: each.kind != QUICK_REPLY)


def _button(button: Button) -> dict[str, Any]:
    text, value = button.text.strip(), button.value.strip()
    if button.kind == URL:
        made: dict[str, Any] = {"type": "URL", "text": text, "url": value}
        return made | ({"example": [VARIABLE.sub(button.sample.strip(), value)]} if names_in(value) else {})
    if button.kind == PHONE:
        return {"type": "PHONE_NUMBER", "text": text, "phone_number": re.sub(r"[ ().-]", "", value)}
    return {"type": "QUICK_REPLY", "text": text}


def written(parts: Sequence[Mapping[str, Any]]) -> Written:
    """What a person would have written to get these components; anything unknown is left out."""
    head, body, foot = (_part(parts, kind) for kind in ("HEADER", "BODY", "FOOTER"))
    shape = str(head.get("format") or ("TEXT" if head else "")).lower()
    text = str(body.get("text") or "")
    media = _first(_mapping(head.get("example")).get("header_url"))
    named = {slot.name: slot.sample for slot in slots(parts) if slot.part == "header"}
    buttons = tuple(found for each in _buttons(parts) if (found := _as_button(each)))
    return Written(
        body=text,
        header=shape if shape in ("text", *MEDIA_HEADERS) else "",
        header_text=media if shape in MEDIA_HEADERS else str(head.get("text") or ""),
        header_sample=next(iter(named.values()), "") if shape == "text" else "",
        footer=str(foot.get("text") or ""),
        buttons=buttons,
        samples=tuple(_samples(body, "body_text", names_in(text))),
    )


def _as_button(given: Mapping[str, Any]) -> Button | None:
    text, kind = str(given.get("text") or ""), str(given.get("type") or "").upper()
    if kind == "QUICK_REPLY":
        return Button(QUICK_REPLY, text)
    if kind == "URL":
        url = str(given.get("url") or "")
        sample = _first(given.get("example")).removeprefix(VARIABLE.sub("", url)) if names_in(url) else ""
        return Button(URL, text, url, sample)
    return Button(PHONE, text, str(given.get("phone_number") or "")) if kind == "PHONE_NUMBER" else None


# --- sending ------------------------------------------------------------------------------------------------------


def slots(parts: Sequence[Mapping[str, Any]]) -> tuple[Slot, ...]:
    """What has to be filled in, in reading order: header, body, buttons."""
    found: list[Slot] = []
    head, body = _part(parts, "HEADER"), _part(parts, "BODY")
    shape = str(head.get("format") or "TEXT").lower()
    if head and shape in MEDIA_HEADERS:
        found.append(Slot("header", shape, shape, 0, _first(_mapping(head.get("example")).get("header_url"))))
    for part, name, key in ((head, "header", "header_text"), (body, "body", "body_text")):
        names = _ordered(names_in(str(part.get("text") or "")))
        found += [
            Slot(name, each, "text", index, sample)
            for index, (each, sample) in enumerate(zip(names, _samples(part, key, names), strict=True))
        ]
    for index, button in enumerate(_buttons(parts)):
        if str(button.get("type") or "").upper() == "URL" and names_in(str(button.get("url") or "")):
            made = _as_button(button)
            found.append(Slot("button", str(button.get("text") or ""), "text", index, made.sample if made else ""))
    return tuple(found)


def _ordered(names: Sequence[str]) -> tuple[str, ...]:
    """Numbers by their value, names as they stand."""
    numbered = bool(names) and all(name.isdecimal() for name in names)
    return tuple(sorted(names, key=int)) if numbered else tuple(names)


def to_send(parts: Sequence[Mapping[str, Any]], values: Sequence[str]) -> list[dict[str, Any]]:
    """The components of a send, with a value for each slot."""
    made: dict[tuple[str, int], dict[str, Any]] = {}
    for slot, value in zip(slots(parts), values, strict=True):
        index = slot.index if slot.part == "button" else 0
        if (slot.part, index) not in made:
            made[slot.part, index] = {"type": slot.part, "parameters": []}
            if slot.part == "button":
                made[slot.part, index] |= {"sub_type": "url", "index": str(slot.index)}
        parameter: dict[str, Any] = {"type": slot.kind, slot.kind: {"link": value} if slot.kind != "text" else value}
        if slot.part != "button" and slot.kind == "text" and not slot.name.isdecimal():
            parameter["parameter_name"] = slot.name
        made[slot.part, index]["parameters"].append(parameter)
    return list(made.values())


def shown(parts: Sequence[Mapping[str, Any]], sent: Sequence[Mapping[str, Any]]) -> Shown:
    """The template with the data of `sent` (components of a send); what is not given stays in its braces."""
    head, body, foot = (_part(parts, kind) for kind in ("HEADER", "BODY", "FOOTER"))
    media = str(head.get("format") or "").lower()
    buttons = tuple((str(each.get("type") or "").upper(), str(each.get("text") or "")) for each in _buttons(parts))
    return Shown(
        header=_with(str(head.get("text") or ""), _given(sent, "header")),
        media=media if media in MEDIA_HEADERS else "",
        body=_with(str(body.get("text") or ""), _given(sent, "body")),
        footer=str(foot.get("text") or ""),
        buttons=buttons,
    )


def _with(text: str, given: Mapping[str, str]) -> str:
    return VARIABLE.sub(lambda place: given.get(place[1], place[0]), text)


def _given(sent: Sequence[Mapping[str, Any]], kind: str) -> dict[str, str]:
    """Name or number → words, of one part of a send."""
    listed = _part(sent, kind.upper()).get("parameters")
    found: dict[str, str] = {}
    for number, each in enumerate(listed if isinstance(listed, list) else [], start=1):
        one = _mapping(each)
        inner = one.get(str(one.get("type")))
        words = inner if isinstance(inner, str) else str(_mapping(inner).get("fallback_value") or "")
        found[str(one.get("parameter_name") or number)] = words
    return found


# --- reading what a provider wrote ---------------------------------------------------------------------------------


def _part(parts: Sequence[Any], kind: str) -> Mapping[str, Any]:
    found = (each for each in parts if isinstance(each, Mapping) and str(each.get("type") or "").upper() == kind)
    return next(found, {})


def _buttons(parts: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    listed = _part(parts, "BUTTONS").get("buttons")
    return [each for each in (listed if isinstance(listed, list) else []) if isinstance(each, Mapping)]


def _samples(part: Mapping[str, Any], key: str, names: Sequence[str]) -> list[str]:
    """A sample for each name, "" where the provider keeps none; numbered ones are kept in the order of the numbers."""
    example = _mapping(part.get("example"))
    named = example.get(f"{key}_named_params")
    if isinstance(named, list):
        told = {str(_mapping(each).get("param_name")): str(_mapping(each).get("example") or "") for each in named}
        return [told.get(name, "") for name in names]
    listed = example.get(key)
    if isinstance(listed, list) and listed and isinstance(listed[0], list):
        listed = listed[0]
    plain = [str(each) for each in listed] if isinstance(listed, list) else []
    by_number = dict(zip(_ordered(names), plain, strict=False))
    return [by_number.get(name, "") for name in names]


def _mapping(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _first(given: object) -> str:
    if isinstance(given, list):
        given = given[0] if given else ""
    return given if isinstance(given, str) else ""
