"""A reasonable model, scripted: it calls the tool that the words ask for and says what the tool gave, no more.

As a `FakeLLM.brain`; `hears` is set to (words, what they mean) before each turn.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.agents.services.customers import Customer
from tests.fakes.llm import Reply

Call = tuple[str, dict[str, Any]]
WORDS = {
    "es": {
        "options": "Tengo estas opciones: {}. ¿Cuál te queda bien?",
        "booked": "¡Listo! Te agendé para el {}. ¡Te esperamos!",
        "moved": "Listo, te pasé la cita: quedó para el {}.",
        "cancelled": "Listo, cancelé tu cita del {}.",
        "already": "Ya tenés esa cita agendada: {}.",
        "own": "Tenés una cita agendada: {}.",
        "none": "No tenés ninguna cita por venir.",
        "unseen": "En este momento no puedo ver la agenda, así que no te quiero prometer un horario. ¿Querés que te responda una persona?",
        "needs": "Para agendarte necesito: {}.",
        "ask": "¿Qué día y a qué hora te vendría bien?",
        "chat": "¡Gracias! Cualquier cosa escribime.",
    },
    "en": {
        "options": "I have these options: {}. Which one works for you?",
        "booked": "Great! I've booked you for {}. See you then!",
        "moved": "Done, I moved your appointment to {}.",
        "cancelled": "Done, I've cancelled your appointment: {}.",
        "already": "You already have that appointment booked: {}.",
        "own": "You have an appointment: {}.",
        "none": "You have no appointments coming up.",
        "unseen": "I can't see the calendar right now, so I'd rather not promise a time. Would you like a person to answer?",
        "needs": "To book I need: {}.",
        "ask": "What day and time would work for you?",
        "chat": "Thank you! Write to me any time.",
    },
}


@dataclass
class Receptionist:
    customer: Customer
    hears: tuple[str, str] = ("", "")
    wish: str = ""
    choice: str = ""
    known: bool = False
    said: list[str] = field(default_factory=list)

    def __call__(self, request: dict[str, Any]) -> Reply:
        """Tools first, then one answer."""
        last = max(place for place, each in enumerate(request["messages"]) if each["role"] == "user")
        results = [json.loads(each["content"]) for each in request["messages"][last:] if each["role"] == "tool"]
        calls = self._further(results[-1]) if results else self._calls()
        if calls:
            return Reply(tool_calls=[(name, arguments) for name, arguments in calls])
        text = self._answer(results[-1] if results else {})
        self.said.append(text)
        return Reply(text=text)

    def _calls(self) -> list[Call]:
        words, meant = self.hears
        if meant in ("look", "any", "change", "service"):
            self.wish = {"service": self.wish, "any": ""}.get(meant, words)
            arguments: dict[str, Any] = {"when": self.wish}
            if meant == "change":
                arguments["change"] = True
            if meant == "service":
                arguments["service"] = words
            if self.customer.seller:
                arguments["seller"] = self.customer.seller
            first = [] if self.known else [("qualify_lead", {"interest": "medium", "needs": words})]
            self.known = True
            return [*first, ("check_seller_availability", arguments)]
        if meant in ("book", "move"):
            self.choice = words
            name = "book_appointment" if meant == "book" else "reschedule_appointment"
            return [(name, {"choice": words})]
        if meant == "data":
            return [("create_customer", self.customer.person), ("book_appointment", {"choice": self.choice})]
        return {"own": [("my_appointments", {})], "cancel": [("cancel_appointment", {"reason": words})]}.get(meant, [])

    def _further(self, result: dict[str, Any]) -> list[Call]:
        """What was too long ago is looked up again."""
        if result.get("why") in ("offer_expired", "nothing_offered"):
            return [("check_seller_availability", {"when": self.wish})]
        return []

    def _answer(self, result: dict[str, Any]) -> str:
        words = WORDS[self.customer.language]
        for key, phrase in (
            ("booked", "booked"),
            ("moved_to", "moved"),
            ("cancelled", "cancelled"),
            ("appointment", "already"),
        ):
            if result.get("ok") and key in result:
                return words[phrase].format(self._told(result[key]))
        if "appointments" in result:
            own = "; ".join(self._told(each) for each in result["appointments"])
            return words["own"].format(own) if own else words["none"]
        if result.get("options"):
            return words["options"].format(
                "; ".join(f"{each['number']}) {self._told(each)}" for each in result["options"])
            )
        if result.get("why") == "agenda_unknown":
            return words["unseen"]
        if result.get("missing"):
            return words["needs"].format(", ".join(result["missing"]))
        return words["ask"] if result else words["chat"]

    def _told(self, each: dict[str, Any]) -> str:
        return f"{each['when']} {'con' if self.customer.language == 'es' else 'with'} {each['with']}"
