"""The language model port: what crosses it, and the one error it raises.

Nothing here knows a vendor. A model's answer is a proposal: `ToolCallRequest` carries the
arguments as the text that the model wrote, valid or not.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]
ErrorKind = Literal["retry", "auth", "config", "context", "refused", "permanent", "timeout", "resting"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool as the model sees it. `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCallRequest:
    """What the model asks for. `arguments_text` is a JSON text that may be invalid."""

    id: str
    name: str
    arguments_text: str


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of the dialogue.

    `raw` is an assistant message exactly as the provider sent it: it goes back unchanged, because
    some families sign their tool calls and refuse a rebuilt one. `images` are data URLs that go with a user's text
    to a model that can see; any other reads the text alone.
    """

    role: Role
    content: str = ""
    tool_call_id: str = ""
    raw: dict[str, Any] | None = None
    images: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One step. `timeout` in seconds, `max_tokens` of output, `temperature` None = the model's own, `sees` None = by the model's name."""

    model: str
    messages: tuple[ChatMessage, ...]
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    max_tokens: int = 1200
    timeout: float = 45.0
    sees: bool | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; `cached` is a part of `prompt`, `reasoning` a part of `completion`."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """The tokens of both calls."""
        return Usage(
            self.prompt + other.prompt,
            self.completion + other.completion,
            self.cached + other.cached,
            self.reasoning + other.reasoning,
        )


@dataclass(frozen=True, slots=True)
class ChatResult:
    """What one step gave. Decide by `tool_calls`, never by `finish_reason`: families differ there."""

    text: str
    tool_calls: tuple[ToolCallRequest, ...] = ()
    raw_assistant: dict[str, Any] = field(default_factory=dict)
    usage: Usage = Usage()
    finish_reason: str = ""
    model: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class ModelEnd:
    """What a provider tells of a model's end: `gone` = it knows no such model, `ends_on` = None when no date is told."""

    gone: bool = False
    ends_on: date | None = None


class LLMError(Exception):
    """A model call that gave no usable answer.

    kind: `retry` (busy or unreachable, may be asked again), `timeout` (no answer in time), `auth`
    (key refused or account without funds), `config` (unknown model, bad address), `context` (prompt
    too long), `resting` (not asked: it did not answer in time again and again), `refused` (the provider's
    own policy), `permanent` (anything else).
    `retry_after` is in seconds, None when the provider did not say.
    """

    def __init__(
        self, message: str, *, kind: ErrorKind, status: int = 0, code: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.status = status
        self.code = code
        self.retry_after = retry_after


class LLM(Protocol):
    """A model provider. `is_demo` marks the rule-based stand-in, which is never called an LLM."""

    @property
    def name(self) -> str: ...

    @property
    def is_demo(self) -> bool: ...

    def complete(self, request: ChatRequest) -> ChatResult:
        """One call, no retries. Raises LLMError. May be called from several threads."""
        ...
