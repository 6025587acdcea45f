"""The labelled demo model: rules that answer when no key is set.

It is no language model and never says that it is one; its runs are marked as demonstration. It speaks the same
port as a real one: it may only ask for the tools that it was given, and claims only what they confirmed.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from agents.domain.customer_facts import CustomerFacts, facts_in
from agents.domain.handoff import wants_person
from agents.domain.language import language_of
from agents.domain.readings import plain
from agents.llm.base import ChatMessage, ChatRequest, ChatResult, ToolCallRequest, Usage
from agents.llm.demo_quote import quote
from agents.llm.demo_words import ABOUT_ITSELF, GREETING, THANKS, WORDS, Phrases

MOST_QUESTIONS = 3
_ASKED = re.compile(r"\b(?:precio|cuanto|horario|envio|garantia|turno|stock|price|hours)")
_COMPANY = re.compile(r"^- (?:Empresa|Company): (.+)$", re.MULTILINE)


class DemoLLM:
    """Deterministic: the same dialogue always gives the same answer."""

    name = "demo"
    is_demo = True

    def complete(self, request: ChatRequest) -> ChatResult:
        """First step: ask for the tools that fit. Second step: say what they gave."""
        scene = _scene(request)
        calls = [] if scene.results else _wanted_calls(scene)
        if calls:
            return _asking(calls)
        text = _answer(scene)
        return ChatResult(
            text=text,
            raw_assistant={"role": "assistant", "content": text},
            usage=Usage(),
            finish_reason="stop",
            model="demo",
        )


@dataclass(slots=True)
class _Scene:
    """The turn as the rules see it. `results` are the tool results of this turn, by tool name."""

    said: str
    facts: CustomerFacts
    company: str
    tools: frozenset[str]
    words: Phrases
    first: bool
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    searches: list[dict[str, Any]] = field(default_factory=list)  # one result per question, in their order


def _scene(request: ChatRequest) -> _Scene:
    messages = request.messages
    last = max((place for place, message in enumerate(messages) if message.role == "user"), default=-1)
    said = messages[last].content if last >= 0 else ""
    before = next((m.content for m in reversed(messages[: max(last, 0)]) if m.role == "assistant" and m.content), "")
    company = _COMPANY.search(messages[0].content) if messages and messages[0].role == "system" else None
    return _Scene(
        said=said,
        facts=facts_in(said, asked=before),
        company=company.group(1).strip() if company else "",
        tools=frozenset(tool.name for tool in request.tools),
        words=WORDS[language_of(said)],
        first=not before,
        results=dict(results := _results(messages[last + 1 :])),
        searches=[result for name, result in results if name == "rag_search"],
    )


def _results(messages: tuple[ChatMessage, ...]) -> list[tuple[str, dict[str, Any]]]:
    """(tool, result) of this turn, in the order of the calls."""
    names: dict[str, str] = {}
    found: list[tuple[str, dict[str, Any]]] = []
    for message in messages:
        for call in (message.raw or {}).get("tool_calls", []):
            names[call["id"]] = call["function"]["name"]
        if message.role == "tool":
            try:
                result = json.loads(message.content)
            except ValueError:
                result = {}
            found.append((names.get(message.tool_call_id, ""), result if isinstance(result, dict) else {}))
    return found


def _wanted_calls(scene: _Scene) -> list[tuple[str, dict[str, str]]]:
    if wants_person(scene.said) and "handoff_to_human" in scene.tools:
        return [("handoff_to_human", {"reason": scene.words["asked"], "summary": scene.said[:300]})]
    calls: list[tuple[str, dict[str, str]]] = []
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


def _asks_something(scene: _Scene) -> bool:
    """Anything but a greeting, thanks, a yes, or only one's own data."""
    reading = re.sub(r"[^\w? ]+", " ", plain(scene.said).replace("\n", " ")).strip()
    if not reading or GREETING.fullmatch(reading) or THANKS.fullmatch(reading) or ABOUT_ITSELF.search(reading):
        return False
    if "?" in scene.said or _ASKED.search(reading):
        return True
    return not scene.facts.identity and scene.facts.interest not in {"none", "low"}


def _asking(calls: list[tuple[str, dict[str, str]]]) -> ChatResult:
    requests = tuple(
        ToolCallRequest(f"demo_{position}", name, json.dumps(arguments, ensure_ascii=False))
        for position, (name, arguments) in enumerate(calls)
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


def _found(scene: _Scene) -> str:
    """What the documents say to each question; the same words once."""
    quotes = [
        quote(question, result.get("passages") or [])
        for question, result in zip(_questions(scene.said), scene.searches, strict=False)
    ]
    return "\n\n".join(dict.fromkeys(each for each in quotes if each))


def _answer(scene: _Scene) -> str:
    words, results = scene.words, scene.results
    if results.get("handoff_to_human", {}).get("ok"):
        return words["handed"]
    if "handoff_to_human" in results:
        return words["not_handed"]
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
    elif scene.first and not parts:
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
