"""Retries and the fallback model around one call. Bounded by attempts and by the turn's own deadline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from time import monotonic

import stamina

from agents.llm.base import LLM, ChatRequest, ChatResult, LLMError

LONGEST_WAIT = 20.0
OUT_OF_TIME = "turn_seconds"  # code of the error when the turn has no time left for another call


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Attempts per model and the waits between them, in seconds."""

    attempts: int = 3
    wait_initial: float = 0.5
    wait_max: float = 8.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A result and who gave it, after how many calls."""

    result: ChatResult
    model: str
    calls: int


def ask(
    llm: LLM,
    request: ChatRequest,
    *,
    models: Sequence[str],
    seconds_left: Callable[[], float],
    policy: RetryPolicy | None = None,
) -> Answer:
    """Ask the first model, then the next ones when it stays busy, is unknown or does not answer in time.

    Raises the last LLMError. A dead key or a policy refusal is not tried again: no other model of the same
    account would differ. No call starts when `seconds_left()` is below two.
    """
    policy = policy or RetryPolicy()
    calls = 0
    last: LLMError | None = None
    for model in models:
        wanted = stamina.retry_context(
            on=lambda error: _backoff(error, seconds_left),
            attempts=policy.attempts,
            timeout=None,
            wait_initial=policy.wait_initial,
            wait_max=policy.wait_max,
            wait_jitter=policy.wait_initial,
        )
        try:
            for attempt in wanted:
                with attempt:
                    left = seconds_left()
                    if left < 2:
                        raise LLMError("The turn ran out of time", kind="timeout", code=OUT_OF_TIME)
                    calls += 1
                    result = llm.complete(replace(request, model=model, timeout=min(request.timeout, left)))
                    return Answer(result, model, calls)
        except LLMError as error:
            # What a model said of itself tells more than that the time was over before the next one.
            last = last if last is not None and error.code == OUT_OF_TIME else error
            if error.kind not in {"retry", "config", "timeout", "permanent", "resting"}:
                break
    raise last or LLMError("No model is set", kind="config")


def _backoff(error: Exception, seconds_left: Callable[[], float]) -> bool | float:
    """Retry only what may pass by itself, never longer than the turn or than a person would wait."""
    if not isinstance(error, LLMError) or error.kind != "retry":
        return False
    if error.retry_after is None:
        return seconds_left() > 2
    if error.retry_after > min(LONGEST_WAIT, seconds_left() - 2):
        return False
    return error.retry_after


def stopwatch(seconds: float) -> Callable[[], float]:
    """A function that tells how many of `seconds` are left from now on."""
    end = monotonic() + seconds
    return lambda: end - monotonic()
