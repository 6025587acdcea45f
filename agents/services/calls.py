"""What surrounds every call of a model: one that hangs rests.

After three answers in a row that did not come in time a company's model at one address is left alone for half a minute, then for
twice as long each time: turns go straight to the second model or to people, with the reason, and no thread waits in vain. One call
after each rest is the probe. Counted in the process: each worker learns for itself. A call that we ourselves gave little time
(the router's, the last one of a turn) tells nothing when it ends without an answer: it neither counts nor probes.
"""

import threading
from dataclasses import dataclass, replace
from time import monotonic

from django.utils.translation import gettext as _

from agents.llm.base import ChatRequest, ChatResult, LLMError, ModelEnd
from agents.llm.openai_compatible import OpenAICompatible

LIMIT = 3  # timeouts in a row
FAIR_SECONDS = 30.0  # a model that was given less is not said to hang
FIRST_REST, LONGEST_REST = 30.0, 600.0  # seconds
PROBE_SECONDS = 90.0  # how long a probe may take before the next one; longer than any call lasts

Key = tuple[int, str, str]  # company, address, model


@dataclass(frozen=True, slots=True)
class State:
    """Timeouts in a row; since when and until when nobody is asked (`monotonic`; 0 = asked)."""

    failures: int = 0
    rests_since: float = 0.0
    rests_until: float = 0.0


class Breaker:
    """Which models rest. Every method may be called from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[Key, State] = {}

    def may_ask(self, key: Key, *, probes: bool = True) -> bool:
        """True also for the one probe after a rest; a call that is too short for one (not `probes`) leaves that to another."""
        now = monotonic()
        with self._lock:
            state = self._states.get(key)
            if state is None or not state.rests_until:
                return True
            if state.rests_until > now:
                return False
            if probes:
                self._states[key] = replace(state, rests_until=now + PROBE_SECONDS)
            return True

    def timed_out(self, key: Key, *, begun: float) -> None:
        """`begun` = when the call was made: one that was in the air when the rest began tells nothing new."""
        now = monotonic()
        with self._lock:
            state = self._states.get(key, State())
            if begun < state.rests_since:
                return
            failures = state.failures + 1
            rest = _rest(failures)
            self._states[key] = State(failures, now, now + rest) if rest else State(failures)

    def answered(self, key: Key) -> None:
        """It spoke, be it a refusal."""
        with self._lock:
            self._states.pop(key, None)

    def forget(self) -> None:
        """As on the first day."""
        with self._lock:
            self._states.clear()


def _rest(failures: int) -> float:
    if failures < LIMIT:
        return 0.0
    return float(min(FIRST_REST * 2 ** min(failures - LIMIT, 10), LONGEST_REST))


breaker = Breaker()


@dataclass(frozen=True, slots=True)
class Careful:
    """A model port of one company and address, with the above around it."""

    llm: OpenAICompatible
    tenant_id: int
    address: str

    @property
    def name(self) -> str:
        return self.llm.name

    @property
    def is_demo(self) -> bool:
        return self.llm.is_demo

    def complete(self, request: ChatRequest) -> ChatResult:
        """One call. Raises LLMError, of kind `resting` without any call."""
        key = (self.tenant_id, self.address, request.model)
        fair = request.timeout >= FAIR_SECONDS
        if not breaker.may_ask(key, probes=fair):
            message = _("El modelo %(model)s no contesta desde hace un rato: descansa antes de volver a probarlo.")
            raise LLMError(message % {"model": request.model}, kind="resting", code="resting")
        begun = monotonic()
        try:
            result = self.llm.complete(request)
        except LLMError as error:
            if error.kind == "timeout":
                if fair:
                    breaker.timed_out(key, begun=begun)
            elif error.status:
                breaker.answered(key)
            raise
        breaker.answered(key)
        return result

    def model_end(self, model: str) -> ModelEnd:
        """Until when the address has a model. Raises LLMError."""
        return self.llm.model_end(model)
