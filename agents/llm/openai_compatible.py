"""Chat completions of any OpenAI-compatible address (OpenAI, Gemini's compatible endpoint, own servers).

The answer is read from the raw JSON, not from the client's typed objects: unknown fields of an assistant
message (signatures of tool calls) must survive the way back.
"""

import json
from datetime import UTC, date, datetime
from secrets import token_hex
from threading import Lock
from typing import Any
from urllib.parse import quote

import httpx2
import openai

from agents.domain.storable import storable_json
from agents.llm.base import (
    ChatMessage,
    ChatRequest,
    ChatResult,
    ErrorKind,
    LLMError,
    ModelEnd,
    ToolCallRequest,
    Usage,
)
from agents.llm.families import Family, family_of, sees
from agents.llm.transport import guarded_client

CONNECT_SECONDS = 5.0
GONE_CODES = frozenset({"model_not_found", "model_deprecated"})
UNSIGNED = "skip_thought_signature_validator"  # ai.google.dev, "Thought signatures": for calls that Gemini did not make
# Parameters that an address refused once, per (address, model): asked without them from then on.
_refused: dict[tuple[str, str], frozenset[str]] = {}
_refused_lock = Lock()

KIND_OF_CODE: dict[str, ErrorKind] = {
    "insufficient_quota": "auth",
    "billing_hard_limit_reached": "auth",
    "invalid_api_key": "auth",
    "model_not_found": "config",
    "context_length_exceeded": "context",
    "content_filter": "refused",
    "content_policy_violation": "refused",
}
KIND_OF_STATUS: dict[int, ErrorKind] = {
    401: "auth", 402: "auth", 403: "auth", 404: "config", 408: "retry", 409: "retry", 413: "context", 429: "retry",
}  # fmt: skip


class OpenAICompatible:
    """LLM port over one address and key, through the guarded way out unless a client is given."""

    is_demo = False

    def __init__(self, *, base_url: str, api_key: str, name: str, http_client: httpx2.Client | None = None) -> None:
        if not api_key:
            raise LLMError("The model provider has no key", kind="auth", code="missing_key")
        self.name = name
        self._base_url = base_url
        try:
            # Nothing is taken from the environment: an account found there would not be the tenant's.
            self._client = openai.OpenAI(
                api_key=api_key,
                admin_api_key="",
                organization="",
                project="",
                default_headers={"OpenAI-Organization": openai.Omit(), "OpenAI-Project": openai.Omit()},  # type: ignore[dict-item]  # the client drops a header that is Omit
                base_url=base_url,
                max_retries=0,
                http_client=http_client or guarded_client(),
            )
        except (httpx2.InvalidURL, ValueError) as error:
            raise LLMError("The model's address cannot be read", kind="config") from error

    def complete(self, request: ChatRequest) -> ChatResult:
        """One call; asked again at once only without a parameter that the address says it does not take."""
        for _ in range(3):
            try:
                return self._call(request)
            except openai.BadRequestError as error:
                if not self._learn(request.model, error):
                    raise _status_error(error) from error
            except openai.APITimeoutError as error:
                raise LLMError("The model did not answer in time", kind="timeout") from error
            except openai.APIConnectionError as error:
                if isinstance(error.__cause__, httpx2.UnsupportedProtocol):
                    raise LLMError("The model's address may not be called", kind="config") from error
                raise LLMError("The model's address cannot be reached", kind="retry") from error
            except openai.APIStatusError as error:
                raise _status_error(error) from error
            except (openai.OpenAIError, httpx2.InvalidURL, UnicodeEncodeError) as error:
                raise LLMError(f"The call could not be made: {type(error).__name__}", kind="config") from error
        raise LLMError("The model refuses the parameters of the call", kind="permanent")

    def _call(self, request: ChatRequest) -> ChatResult:
        refused = _refused.get((self._base_url, request.model), frozenset())
        # The body as it is: the client's typed method walks through every message first, a quarter of the work of a call.
        answer = self._client.post(
            "/chat/completions",
            cast_to=httpx2.Response,
            body=_body(request, refused),
            options={"timeout": httpx2.Timeout(request.timeout, connect=CONNECT_SECONDS)},
        )
        return read_answer(answer.content, request_id=answer.headers.get("x-request-id", ""))

    def model_end(self, model: str, *, timeout: float = 20.0) -> ModelEnd:
        """Whether the address still has a model and until when, by its `GET /models/{model}`. Raises LLMError.

        One that the address does not speak of at all (some servers answer no such question) counts as there.
        """
        name = model.strip().removeprefix("models/")
        try:
            answer = self._client.get(
                f"/models/{quote(name, safe='')}",
                cast_to=httpx2.Response,
                options={"timeout": httpx2.Timeout(timeout, connect=CONNECT_SECONDS)},
            )
        except openai.NotFoundError as error:
            return ModelEnd(gone=_details(error.body)["code"] in GONE_CODES or _says_gone(error.body, name))
        except openai.APIStatusError as error:
            raise _status_error(error) from error
        except openai.APIConnectionError as error:
            raise LLMError("The model's address cannot be reached", kind="retry") from error
        except (openai.OpenAIError, httpx2.InvalidURL, UnicodeEncodeError) as error:
            raise LLMError(f"The call could not be made: {type(error).__name__}", kind="config") from error
        return ModelEnd(ends_on=_shutdown_date(answer.content))

    def _learn(self, model: str, error: openai.BadRequestError) -> bool:
        """Remember a refused parameter; False when the error is about something else or nothing new."""
        details = _details(error.body)
        text = f"{details['param']} {details['message']}".lower()
        if details["code"] not in {"unsupported_parameter", "unsupported_value"} and "unsupported" not in text:
            return False
        learned = {name for name in ("temperature", "max_tokens", "max_completion_tokens") if _names(text, name)}
        key = (self._base_url, model)
        with _refused_lock:
            known = _refused.get(key, frozenset())
            # A text such as "max_tokens is not supported, use max_completion_tokens" names both: the first one counts.
            if {"max_tokens", "max_completion_tokens"} <= learned:
                learned.discard(max("max_tokens", "max_completion_tokens", key=lambda name: _position(text, name)))
            if learned <= known:
                return False
            _refused[key] = known | learned
        return True


def _says_gone(body: object, model: str) -> bool:
    """A 404 that names the model, or Google's status, is about the model; any other is a door that the server lacks."""
    details = _details(body)
    return details["status"] == "NOT_FOUND" or model.lower() in details["message"].lower()


def _shutdown_date(content: bytes) -> date | None:
    """The day after which the model answers nobody: a date, a moment or seconds since 1970."""
    try:
        told = json.loads(content).get("shutdown_date")
        if isinstance(told, int | float) and not isinstance(told, bool):
            return datetime.fromtimestamp(told, UTC).date()
        return datetime.fromisoformat(str(told)).date() if told else None
    except (ValueError, AttributeError, OverflowError, OSError, RecursionError):
        return None


def _position(text: str, name: str) -> int:
    return f" {text}".replace("'", " ").replace('"', " ").find(f" {name}")


def _names(text: str, name: str) -> bool:
    return _position(text, name) >= 0


def _body(request: ChatRequest, refused: frozenset[str]) -> dict[str, Any]:
    family = family_of(request.model)
    seeing = sees(request.model) if request.sees is None else request.sees
    messages = [_message(message, seeing, family) for message in request.messages]
    body: dict[str, Any] = {"model": request.model, "messages": messages}
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
    if family.sends_temperature and request.temperature is not None and "temperature" not in refused:
        body["temperature"] = request.temperature
    fields = [family.output_field, *({"max_tokens", "max_completion_tokens"} - {family.output_field})]
    usable = [name for name in fields if name not in refused]
    if usable:
        body[usable[0]] = max(request.max_tokens, family.output_floor)
    return body


def _message(message: ChatMessage, seeing: bool, family: Family) -> dict[str, Any]:
    if message.role == "assistant" and message.raw is not None:
        return _signed_for(message.raw, family)
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.content}
    if message.images and seeing:
        pictures = [{"type": "image_url", "image_url": {"url": url}} for url in message.images]
        return {"role": message.role, "content": [{"type": "text", "text": message.content}, *pictures]}
    return {"role": message.role, "content": message.content}


def _signed_for(raw: dict[str, Any], family: Family) -> dict[str, Any]:
    """An assistant message as this family wants it back: its own unchanged; of a call that another family made, without the
    other's signature or with the word that Google documents for a call that has none."""
    calls = raw.get("tool_calls")
    if not calls or family.signatures == "any":
        return raw
    if family.signatures == "none":
        bare = [{name: value for name, value in call.items() if name != "extra_content"} for call in calls]
        return {**raw, "tool_calls": bare}
    if any("extra_content" in call for call in calls):
        return raw
    return {
        **raw,
        "tool_calls": [{**calls[0], "extra_content": {"google": {"thought_signature": UNSIGNED}}}, *calls[1:]],
    }


def read_answer(content: bytes, *, request_id: str = "") -> ChatResult:
    """Turn a provider's JSON into a ChatResult; raises LLMError on an answer without a message."""
    try:
        answer = storable_json(json.loads(content))
        choice = answer["choices"][0]
        message = choice["message"]
        if not isinstance(message, dict):
            raise TypeError
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise LLMError("The model's answer cannot be read", kind="retry", code="unreadable") from error
    given = message.get("tool_calls")
    calls = _tool_calls(given if isinstance(given, list) else [])
    finish = str(choice.get("finish_reason") or "")
    text = _text_of(message.get("content"))
    if not text and not calls and (message.get("refusal") or finish == "content_filter"):
        raise LLMError("The provider refused to answer this", kind="refused", code=finish or "refusal")
    return ChatResult(
        text=text,
        tool_calls=calls,
        raw_assistant=_returnable(message, calls),
        usage=_usage(answer.get("usage")),
        finish_reason=finish,
        model=str(answer.get("model") or ""),
        request_id=request_id or str(answer.get("id") or ""),
    )


def _tool_calls(given: list[Any]) -> tuple[ToolCallRequest, ...]:
    """Every call with an id of its own: some servers leave it out, or number each answer from zero again."""
    calls: list[ToolCallRequest] = []
    for call in given:
        if not isinstance(call, dict):
            continue
        function = call.get("function") if isinstance(call.get("function"), dict) else {}
        arguments = (function or {}).get("arguments")
        told = str(call.get("id") or "")
        calls.append(
            ToolCallRequest(
                id=f"call_{token_hex(8)}" if not told or any(told == each.id for each in calls) else told,
                name=str((function or {}).get("name") or ""),
                # Some servers send an object where the protocol says text.
                arguments_text=arguments if isinstance(arguments, str) else json.dumps(arguments or {}),
            )
        )
    return tuple(calls)


def _returnable(message: dict[str, Any], calls: tuple[ToolCallRequest, ...]) -> dict[str, Any]:
    """The message as received, without nulls (some servers refuse their own), with ids for every call."""
    raw = {name: value for name, value in message.items() if value is not None}
    raw["role"] = "assistant"
    raw.setdefault("content", "")
    if calls:
        given = [call for call in message["tool_calls"] if isinstance(call, dict)]
        raw["tool_calls"] = [_complete(call, read) for call, read in zip(given, calls, strict=True)]
    else:
        raw.pop("tool_calls", None)
    return raw


def _complete(call: dict[str, Any], read: ToolCallRequest) -> dict[str, Any]:
    """The call as sent, with what the protocol wants back and some servers leave out themselves."""
    function = call.get("function")
    if isinstance(function, dict) and isinstance(function.get("arguments"), str):
        return {"type": "function", **call, "id": read.id}
    return {
        "type": "function",
        **call,
        "id": read.id,
        "function": {"name": read.name, "arguments": read.arguments_text},
    }


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    return ""


def _usage(usage: object) -> Usage:
    """Tokens as far as they were given: compatible servers leave the details or all of it out."""
    if not isinstance(usage, dict):
        return Usage()

    def number(holder: object, name: str) -> int:
        value = holder.get(name) if isinstance(holder, dict) else 0
        return value if isinstance(value, int) and value > 0 else 0

    return Usage(
        prompt=number(usage, "prompt_tokens"),
        completion=number(usage, "completion_tokens"),
        cached=number(usage.get("prompt_tokens_details"), "cached_tokens"),
        reasoning=number(usage.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _details(body: object) -> dict[str, str]:
    """code, type, param, message of an error body; Gemini wraps it in a list."""
    found = body[0] if isinstance(body, list) and body else body
    if isinstance(found, dict) and isinstance(found.get("error"), dict):
        found = found["error"]
    if not isinstance(found, dict):
        found = {"message": str(found or "")}
    return {name: str(found.get(name) or "") for name in ("code", "type", "param", "message", "status")}


def _status_error(error: openai.APIStatusError) -> LLMError:
    details = _details(error.body)
    code = (
        (details["status"] if details["code"].isdecimal() else details["code"]) or details["status"] or details["type"]
    )
    told_to_wait, spent = _google_details(error.body)
    kind: ErrorKind = "permanent"
    if details["code"] in KIND_OF_CODE or details["type"] in KIND_OF_CODE:
        kind = KIND_OF_CODE.get(details["code"]) or KIND_OF_CODE[details["type"]]
    elif spent:
        kind, code = "auth", "insufficient_quota"
    elif error.status_code >= 500:
        kind = "retry"
    elif "API key" in details["message"] and error.status_code == 400:
        # Gemini answers a bad key with 400.
        kind = "auth"
    else:
        kind = KIND_OF_STATUS.get(error.status_code, "permanent")
    return LLMError(
        # The provider's own text may quote the key or the prompt: only its class is kept.
        f"The model provider answered {error.status_code} {code}".strip(),
        kind=kind,
        status=error.status_code,
        code=code,
        retry_after=_retry_after(error.response.headers) or told_to_wait,
    )


def _google_details(body: object) -> tuple[float | None, bool]:
    """Of Google's 429: seconds to wait, and whether the day's quota is spent, which no waiting of a turn brings back."""
    found = body[0] if isinstance(body, list) and body else body
    inner = found.get("error") if isinstance(found, dict) and isinstance(found.get("error"), dict) else found
    details = inner.get("details") if isinstance(inner, dict) else None
    wait, spent = None, False
    for each in details if isinstance(details, list) else []:
        if not isinstance(each, dict):
            continue
        delay = str(each.get("retryDelay") or "")
        if delay.endswith("s") and delay[:-1].replace(".", "", 1).isdecimal():
            wait = float(delay[:-1])
        for violation in each.get("violations") or []:
            spent = spent or (isinstance(violation, dict) and "PerDay" in str(violation.get("quotaId") or ""))
    return wait, spent


def _retry_after(headers: httpx2.Headers) -> float | None:
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    return None
