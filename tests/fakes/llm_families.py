"""The families of providers.md §8, each held to the letter: what it refuses, what it demands back, how it words things.

`FakeLLM.manners` takes one. An answer of a family that signs its tool calls is checked when it comes back.
"""

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.llm import Reply, unsupported

SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs")


@dataclass
class Classic:
    """gpt-4o and its kind: no field that the protocol does not have, in the body or in a message."""

    name: str = "openai-classic"
    model: str = "gpt-4o-mini"
    second: str = "gpt-4.1-mini"
    refuses: tuple[str, ...] = ()

    def problem(self, request: dict[str, Any]) -> Reply | None:
        if parameter := self.refused_in(request):
            return unsupported(parameter, "unsupported_parameter")
        if {"max_tokens", "max_completion_tokens"} <= request.keys():
            return _bad("max_tokens and max_completion_tokens cannot both be set")
        for message in request["messages"]:
            if message["role"] == "assistant" and message.get("content") is None and not message.get("tool_calls"):
                return _bad("an assistant message needs content or tool_calls")
            for call in message.get("tool_calls") or []:
                if call.keys() - {"id", "type", "function"} or call["type"] != "function":
                    return _bad("Additional properties are not allowed in tool_calls")
        return None

    def refused_in(self, request: dict[str, Any]) -> str:
        return next((parameter for parameter in self.refuses if parameter in request), "")

    def shaped(self, reply: Reply, payload: Any) -> Any:
        return payload

    def limited(self) -> Reply:
        """429 that passes by itself."""
        error = {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}
        return Reply(status=429, headers={"retry-after-ms": "10"}, error=error)

    def broke(self) -> Reply:
        """429 that does not."""
        error = {
            "message": "You exceeded your current quota",
            "type": "insufficient_quota",
            "code": "insufficient_quota",
        }
        return Reply(status=429, error=error)

    def bad_key(self) -> Reply:
        return Reply(status=401, error={"message": "Incorrect API key provided: sk-of-a***", "code": "invalid_api_key"})

    def refusal(self) -> Reply:
        """The model will not answer this."""
        return Reply(refusal="I'm sorry, I can't help with that.")


@dataclass
class Reasoning(Classic):
    """o-series and gpt-5: no sampling values, `max_completion_tokens` only, and hidden thoughts are paid from it."""

    name: str = "openai-reasoning"
    model: str = "o4-mini"
    second: str = "gpt-5-mini"
    refuses: tuple[str, ...] = (*SAMPLING, "max_tokens")
    thoughts: int = 1500

    def problem(self, request: dict[str, Any]) -> Reply | None:
        if problem := super().problem(request):
            return problem
        if request.get("max_completion_tokens", self.thoughts) < self.thoughts:
            return Reply(text="", finish_reason="length")
        return None

    def shaped(self, reply: Reply, payload: Any) -> Any:
        if isinstance(payload, dict) and payload.get("usage"):
            payload["usage"] = {**payload["usage"], "completion_tokens_details": {"reasoning_tokens": 12}}
        return payload


@dataclass
class Next(Reasoning):
    """gpt-5.4 and gpt-6: as before, by new names; sampling only where `reasoning_effort` is none."""

    name: str = "openai-next"
    model: str = "gpt-6-luna"
    second: str = "gpt-5.4-mini"

    def problem(self, request: dict[str, Any]) -> Reply | None:
        calm = request.get("reasoning_effort") == "none"
        return super().problem({name: value for name, value in request.items() if not calm or name not in SAMPLING})


@dataclass
class Chat(Classic):
    """gpt-5-chat and its kind: the fields of the reasoning ones, without hidden thoughts."""

    name: str = "openai-chat"
    model: str = "gpt-5.2-chat-latest"
    second: str = "gpt-5-chat-latest"
    refuses: tuple[str, ...] = (*SAMPLING, "max_tokens")


@dataclass
class Gemini(Classic):
    """Gemini 3 through the compatible door: signs the first call of a step and wants the same back, errors as a list,
    `finish_reason` "stop" beside tool calls, no details of usage, content left out instead of null."""

    name: str = "gemini"
    model: str = "gemini-3.5-flash"
    second: str = "gemini-3.8-flash"
    issued: dict[str, Any] = field(default_factory=dict)

    def problem(self, request: dict[str, Any]) -> Reply | None:
        if parameter := self.refused_in(request):
            return _google(400, "INVALID_ARGUMENT", f"{parameter} is unsupported for this model")
        for message in request["messages"]:
            calls = message.get("tool_calls") or []
            if not calls:
                continue
            signature = calls[0].get("extra_content", {}).get("google", {}).get("thought_signature")
            if not signature:
                return _google(
                    400, "INVALID_ARGUMENT", "Function call is missing a thought_signature in functionCall parts"
                )
            for call in calls:
                if call["id"] in self.issued and call != self.issued[call["id"]]:
                    return _google(400, "INVALID_ARGUMENT", "Corrupted thought signature")
        return None

    def shaped(self, reply: Reply, payload: Any) -> Any:
        if not isinstance(payload, dict) or "choices" not in payload:
            return payload
        choice = payload["choices"][0]
        message = {name: value for name, value in choice["message"].items() if value is not None}
        for position, call in enumerate(message.get("tool_calls") or []):
            if position == 0:
                call["extra_content"] = {"google": {"thought_signature": f"Cv8B{call['id']}=="}}
            self.issued[call["id"]] = copy.deepcopy(call)
        if message.get("tool_calls"):
            choice["finish_reason"] = "stop"
        choice["message"] = message
        return payload

    def limited(self) -> Reply:
        retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.01s"}
        return _google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted", [retry])

    def broke(self) -> Reply:
        violation = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "250"}
        failure = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
        retry = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34s"}
        return _google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota", [failure, retry])

    def bad_key(self) -> Reply:
        return _google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.")

    def refusal(self) -> Reply:
        return Reply(finish_reason="content_filter")


@dataclass
class Unsigned(Gemini):
    """Gemini 2.5: the same door, no signatures."""

    name: str = "gemini-2.5"
    model: str = "gemini-2.5-flash"
    second: str = "gemini-2.5-flash-lite"

    def problem(self, request: dict[str, Any]) -> Reply | None:
        if parameter := self.refused_in(request):
            return _google(400, "INVALID_ARGUMENT", f"{parameter} is unsupported for this model")
        calls = [call for message in request["messages"] for call in message.get("tool_calls") or []]
        if any("extra_content" in call for call in calls):
            return _google(400, "INVALID_ARGUMENT", 'Invalid JSON payload received. Unknown name "extra_content"')
        return None

    def shaped(self, reply: Reply, payload: Any) -> Any:
        answer = super().shaped(reply, payload)
        if isinstance(answer, dict) and "choices" in answer:
            for call in answer["choices"][0]["message"].get("tool_calls") or []:
                call.pop("extra_content", None)
        return answer


@dataclass
class Unknown(Classic):
    """A server of one's own: an older protocol, no ids, no usage, arguments as an object, errors in words of its own."""

    name: str = "unknown"
    model: str = "qwen-de-la-casa"
    second: str = "mistral-de-la-casa"
    refuses: tuple[str, ...] = ("max_completion_tokens",)

    def problem(self, request: dict[str, Any]) -> Reply | None:
        if parameter := self.refused_in(request):
            return Reply(status=400, body=f'{{"object":"error","message":"{parameter}: unsupported field"}}')
        if any(message.get("content") is None for message in request["messages"]):
            return _bad("content is required")
        return None

    def shaped(self, reply: Reply, payload: Any) -> Any:
        if not isinstance(payload, dict) or "choices" not in payload:
            return payload
        calls = payload["choices"][0]["message"].get("tool_calls") or []
        for call, (_name, arguments) in zip(calls, reply.tool_calls, strict=True):
            del call["id"], call["type"]
            call["function"]["arguments"] = arguments
        return {"choices": payload["choices"]}

    def limited(self) -> Reply:
        return Reply(status=429, body="Too Many Requests", headers={"Content-Type": "text/plain", "Retry-After": "0"})

    def broke(self) -> Reply:
        return Reply(status=402, body='{"detail":"Insufficient balance"}')

    def bad_key(self) -> Reply:
        return Reply(status=403, body="<html>Forbidden</html>", headers={"Content-Type": "text/html"})

    def refusal(self) -> Reply:
        return Reply(finish_reason="content_filter")


FAMILIES = (Classic, Reasoning, Next, Chat, Gemini, Unsigned, Unknown)


def _bad(message: str) -> Reply:
    return Reply(status=400, error={"message": message, "type": "invalid_request_error", "code": None})


def _google(status: int, name: str, message: str, details: list[dict[str, Any]] | None = None) -> Reply:
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    return Reply(status=status, error=error | ({"details": details} if details else {}), error_as_list=True)
