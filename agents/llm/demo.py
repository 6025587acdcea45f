"""The labelled demo model: rules that answer when no key is set.

It is no language model and never says that it is one; its runs are marked as demonstration. It speaks the same
port as a real one: it may only ask for the tools that it was given, and claims only what they confirmed.
"""

import json
import re

from agents.domain.handoff import wants_person
from agents.domain.history import UNHEARD
from agents.domain.readings import plain
from agents.llm import demo_booking
from agents.llm.base import ChatRequest, ChatResult, ToolCallRequest, Usage
from agents.llm.demo_quote import quote
from agents.llm.demo_scene import Call, Scene, scene_of
from agents.llm.demo_words import ABOUT_ITSELF, GREETING, THANKS

MOST_QUESTIONS = 3
_ASKED = re.compile(r"\b(?:precio|cuanto|horario|envio|garantia|turno|stock|price|hours)")


class DemoLLM:
    """Deterministic: the same dialogue always gives the same answer."""

    name = "demo"
    is_demo = True

    def complete(self, request: ChatRequest) -> ChatResult:
        """First step: ask for the tools that fit; an appointment may want one more. Last step: say what they gave."""
        scene = scene_of(request)
        if UNHEARD in scene.said and not scene.results:
            return _saying(scene.words["unheard"])
        calls = demo_booking.further_calls(scene) if scene.results else _wanted_calls(scene)
        if calls:
            return _asking(calls, len(scene.results))
        return _saying(_answer(scene))


def _saying(text: str) -> ChatResult:
    return ChatResult(
        text=text,
        raw_assistant={"role": "assistant", "content": text},
        usage=Usage(),
        finish_reason="stop",
        model="demo",
    )


def _wanted_calls(scene: Scene) -> list[Call]:
    if wants_person(scene.said) and "handoff_to_human" in scene.tools:
        return [("handoff_to_human", {"reason": scene.words["asked"], "summary": scene.said[:300]})]
    if calls := demo_booking.calls(scene):
        return calls
    if scene.facts.identity and "create_customer" in scene.tools:
        calls.append(("create_customer", scene.facts.identity))
    if scene.facts.qualification and "qualify_lead" in scene.tools:
        calls.append(("qualify_lead", scene.facts.qualification))
    if "rag_search" in scene.tools and _asks_something(scene):
        calls += [("rag_search", {"query": question[:300]}) for question in _questions(scene.said)]
    return calls


def _questions(said: str) -> list[str]:
    """The questions of a burst, each to be looked up by itself; the whole text when none stands out."""
    sentences = [each.strip() for each in re.split(r"(?<=[?.!])\s+|\n+", said)]
    asked = [each for each in sentences if "?" in each or _ASKED.search(plain(each))]
    return asked[:MOST_QUESTIONS] or [said]


def _asks_something(scene: Scene) -> bool:
    """Anything but a greeting, thanks, a yes, or only one's own data."""
    reading = re.sub(r"[^\w? ]+", " ", plain(scene.said).replace("\n", " ")).strip()
    if not reading or GREETING.fullmatch(reading) or THANKS.fullmatch(reading) or ABOUT_ITSELF.search(reading):
        return False
    if "?" in scene.said or _ASKED.search(reading):
        return True
    return not scene.facts.identity and scene.facts.interest not in {"none", "low"}


def _asking(calls: list[Call], done: int) -> ChatResult:
    requests = tuple(
        ToolCallRequest(f"demo_{position}", name, json.dumps(arguments, ensure_ascii=False))
        for position, (name, arguments) in enumerate(calls, done)
    )
    raw = {
        "role": "assistant",
        "content": "",
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments_text}}
            for call in requests
        ],
    }
    return ChatResult(text="", tool_calls=requests, raw_assistant=raw, finish_reason="tool_calls", model="demo")


def _found(scene: Scene) -> str:
    """What the documents say to each question; the same words once."""
    searches = [result for name, result in scene.results if name == "rag_search"]
    quotes = [
        quote(question, result.get("passages") or [])
        for question, result in zip(_questions(scene.said), searches, strict=False)
    ]
    return "\n\n".join(dict.fromkeys(each for each in quotes if each))


def _answer(scene: Scene) -> str:
    words, results = scene.words, dict(scene.results)
    if results.get("handoff_to_human", {}).get("ok"):
        return words["handed"]
    if "handoff_to_human" in results:
        return words["not_handed"]
    waits = {str(result.get("waiting_for")) for _name, result in scene.results if result.get("waiting_for")}
    if waits:  # nothing of it is done yet
        return words["waits_customer" if "customer" in waits else "waits_team"]
    if about_agenda := demo_booking.answer(scene):
        return about_agenda
    parts: list[str] = []
    saved = results.get("create_customer")
    if saved is not None:
        name = scene.facts.name.split()[0] if scene.facts.name else ""
        parts.append(
            (words["saved_name"].format(name) if name else words["saved"]) if saved.get("ok") else words["not_saved"]
        )
    if "rag_search" in results:
        found = _found(scene)
        # A statement about oneself asks nothing: not finding it in the documents is no news.
        if found or "?" in scene.said or not scene.facts.qualification:
            parts.append(found or words["unknown"])
    elif ABOUT_ITSELF.search(plain(scene.said)):
        parts.append(words["identity"])
    elif scene.facts.interest == "none":
        parts.append(words["no_interest"])
    elif not scene.before and not parts:
        parts.append(words["hello"].format(scene.company or words["us"]))
    elif THANKS.fullmatch(re.sub(r"[^\w ]+", " ", plain(scene.said)).strip()):
        parts.append(words["welcome" if re.search(r"gracias|thank", plain(scene.said)) else "more"])
    if (
        results.get("qualify_lead", {}).get("ok")
        and not scene.facts.identity
        and scene.facts.interest in {"high", "medium"}
    ):
        parts.append(words["ask_name"])
    if not parts:
        parts.append(words["go_on"])
    return "\n\n".join(parts)
