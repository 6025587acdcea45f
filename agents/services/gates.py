"""The gates between the model's words and the customer: outbound filter first, then the truth gate."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal

from django.utils.translation import gettext as _

from agents.domain.output_filter import Output, inspect
from agents.domain.prompt import SystemPrompt
from agents.domain.truth_gate import judge

Action = Literal["pass", "retry", "replace"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` are for the trace, `advice` goes to the model when it gets one more try."""

    action: Action
    reasons: tuple[str, ...] = ()
    advice: str = ""


@dataclass(slots=True)
class Gate:
    """Everything the gates compare a reply with. `belongs_to_other` asks the database about a phone or e-mail.

    `sources` grows during the turn: what the tools gave may be repeated.
    """

    prompt: SystemPrompt
    secrets: Collection[str]
    internal_words: Collection[str]
    belongs_to_other: Callable[[Collection[str], Collection[str]], bool]
    suspicious: bool
    sources: list[str] = field(default_factory=list)

    def check(self, text: str, *, receipts: Collection[str], attempt: int) -> Verdict:
        """Decide over one reply; `attempt` starts at one."""
        leaks = self._leaks(text)
        if leaks:
            return Verdict("retry" if attempt == 1 else "replace", leaks, _LEAK_ADVICE)
        truth = judge(text, receipts=receipts, attempt=attempt)
        if truth.action == "pass":
            return Verdict("pass")
        claims = "; ".join(f"«{claim.sentence[:160]}»" for claim in truth.unproven)
        reasons = tuple(f"claim:{claim.kind}" for claim in truth.unproven)
        return Verdict(truth.action, reasons, _CLAIM_ADVICE.format(claims=claims))

    def _leaks(self, text: str) -> tuple[str, ...]:
        found: Output = inspect(
            text,
            secrets=self.secrets,
            internal_words=self.internal_words,
            our_words=f"{self.prompt.ours}\n{_CLAIM_ADVICE}\n{_LEAK_ADVICE}\n{EMPTY_ADVICE}",
            prompt=self.prompt.theirs,
            sources=self.sources,
        )
        reasons = list(found.reasons)
        # A turn that was given orders may not say any address that it was not given.
        if (found.phones or found.emails) and (self.suspicious or self.belongs_to_other(found.phones, found.emails)):
            reasons.append("personal_data")
        return tuple(reasons)


# Words to the model, never to a customer: the outbound filter knows them too.
_CLAIM_ADVICE = (
    "[Plataforma] Tu respuesta no se envió: afirma algo que ninguna herramienta confirmó en este turno: {claims}. "
    "Usá la herramienta que corresponde o reescribí la respuesta sin afirmarlo."
)
_LEAK_ADVICE = (
    "[Plataforma] Tu respuesta no se envió: contiene datos internos o de otra persona. "
    "Reescribila sin ellos y sin explicar este aviso."
)
EMPTY_ADVICE = (
    "[Plataforma] Tu respuesta llegó vacía o cortada: escribí ahora la respuesta completa y breve para la persona."
)


def in_words(reasons: Collection[str]) -> str:
    """Why a reply was held back, for the team."""
    words = {
        "claim": _("afirmaba algo que no se hizo"),
        "personal_data": _("tenía datos de otra persona"),
        "secret": _("tenía una clave"),
        "prompt_leak": _("mostraba instrucciones internas"),
    }
    named = dict.fromkeys(words.get(reason.partition(":")[0], _("tenía datos internos")) for reason in reasons)
    return ", ".join(named)
