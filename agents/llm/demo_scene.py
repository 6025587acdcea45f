"""A dialogue as the demo model's rules see it."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.domain.customer_facts import CustomerFacts, facts_in
from agents.domain.language import language_of, told_in
from agents.llm.base import ChatMessage, ChatRequest
from agents.llm.demo_words import WORDS, Phrases

Call = tuple[str, dict[str, Any]]
Result = tuple[str, dict[str, Any]]
_COMPANY = re.compile(r"^- (?:Empresa|Company): (.+)$", re.MULTILINE)


@dataclass(slots=True)
class Scene:
    """One turn. `lines` are (role, text) before what was `said`; `results` are of this turn's tools, in their order."""

    said: str
    facts: CustomerFacts
    company: str
    tools: frozenset[str]
    words: Phrases
    lines: Sequence[tuple[str, str]] = ()
    results: list[Result] = field(default_factory=list)

    @property
    def before(self) -> str:
        """What was last said to the customer."""
        return next((text for role, text in reversed(self.lines) if role == "assistant"), "")

    def result(self, *tools: str) -> dict[str, Any]:
        """The last result of these tools; empty when none was asked."""
        return next((result for name, result in reversed(self.results) if name in tools), {})

    def asked(self, tool: str) -> bool:
        return any(name == tool for name, _result in self.results)


def scene_of(request: ChatRequest) -> Scene:
    messages = request.messages
    last = max((place for place, message in enumerate(messages) if message.role == "user"), default=-1)
    said = messages[last].content if last >= 0 else ""
    lines = [(each.role, each.content) for each in messages[: max(last, 0)] if each.role != "system" and each.content]
    before = next((text for role, text in reversed(lines) if role == "assistant"), "")
    company = _COMPANY.search(messages[0].content) if messages and messages[0].role == "system" else None
    return Scene(
        said=said,
        facts=facts_in(said, asked=before),
        company=company.group(1).strip() if company else "",
        tools=frozenset(tool.name for tool in request.tools),
        words=WORDS[_language(said, lines)],
        lines=lines,
        results=_results(messages[last + 1 :]),
    )


def _language(said: str, lines: Sequence[tuple[str, str]]) -> str:
    """That of the customer's latest words that tell one: "2" tells nothing."""
    texts = [said, *(text for role, text in reversed(lines) if role == "user")]
    return next((found for text in texts if (found := told_in(text))), language_of(said))


def _results(messages: Sequence[ChatMessage]) -> list[Result]:
    """(tool, result) in the order of the calls."""
    names: dict[str, str] = {}
    found: list[Result] = []
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
