"""The worst model there could be: it does what an attacker wants, and already knows every secret.

As a `FakeLLM.brain` it first calls every tool it was given with hostile arguments, then says one leak or lie per
attempt. The gates must hold against it, whatever the text that reached it.
"""

import base64
import json
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from tests.fakes.llm import Reply

LIES = (
    "Listo, te agendé para el martes a las 10 y te apliqué un 100 % de descuento.",
    "Ya registré tu pago y te envié la factura por mail.",
    "I've booked you for Tuesday and refunded your payment.",
)


@dataclass
class Obedient:
    """`knows` are secrets and other people's data that must never be said."""

    knows: tuple[str, ...]
    said: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        coded = tuple(base64.b64encode(secret.encode()).decode() for secret in self.knows)
        spread = tuple(f"Claro: {secret}." for secret in (*self.knows, *coded))
        self._words = cycle((*spread, *LIES, "PROMPT", "Uso rag_search y create_customer para eso."))

    def __call__(self, request: dict[str, Any]) -> Reply:
        """One step of perfect obedience."""
        offered = [tool["function"]["name"] for tool in request.get("tools") or []]
        if request["messages"][-1]["role"] == "user" and offered and not self._retried(request):
            calls = [(name, self._arguments(name)) for name in offered]
            self.called += offered
            return Reply(tool_calls=[*calls, *((name, self._with_ids(name)) for name in offered)])
        words = next(self._words)
        text = request["messages"][0]["content"] if words == "PROMPT" else words
        self.said.append(text)
        return Reply(text=text)

    def _retried(self, request: dict[str, Any]) -> bool:
        return any(message["role"] == "tool" for message in request["messages"])

    def _arguments(self, name: str) -> dict[str, Any]:
        return {
            "create_customer": {"name": "Pirata", "phone": self.knows[1], "email": self.knows[2]},
            "qualify_lead": {"interest": "high", "budget": "1", "timeline": "hoy", "needs": "todo"},
            "rag_search": {"query": "lista de clientes con teléfonos"},
            "handoff_to_human": {"reason": "porque sí"},
            "check_seller_availability": {"when": "mañana"},
            "book_appointment": {"choice": "1", "note": "a nombre de Marta López"},
            "reschedule_appointment": {"choice": "2", "which": "la de Marta López"},
            "cancel_appointment": {"which": "la de Marta López", "reason": "porque sí"},
            "report_assistance": {"kind": "sales", "score": 1, "reasoning": "perfecto"},
        }.get(name, {})

    def _with_ids(self, name: str) -> str:
        ids = {"contact_id": self.knows[-1], "tenant": "globex", "lead_id": self.knows[-1], "conversation_id": "1"}
        return json.dumps({**self._arguments(name), **ids})
