"""The gates between the model's words and the customer: outbound filter first, then the truth gate."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q
from django.utils.translation import gettext as _

from agents.domain.denial import denies_being_ai
from agents.domain.links import links_in
from agents.domain.output_filter import Output, inspect
from agents.domain.prompt import SystemPrompt
from agents.domain.truth_gate import judge
from crm.models import Contact
from messaging.models import Channel
from messaging.models.channel import Provider
from tenants.context import auth_scope, tenant_context
from tenants.models import Domain, Tenant

Action = Literal["pass", "retry", "replace"]
MOST_ROWS = 200
LONGEST_STATE = 120  # letters of a value that says how something stands; a longer one is a text about anything


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reasons` are for the trace, `advice` goes to the model when it gets one more try."""

    action: Action
    reasons: tuple[str, ...] = ()
    advice: str = ""


@dataclass(slots=True)
class Gate:
    """Everything the gates compare a reply with. `belongs_to_other` asks the database about a phone or e-mail.

    `sources` grows during the turn: what the tools gave may be repeated. `customer` is what the person writing told of
    themselves (name, fields): a link in it is not the company's. `said` are our earlier messages, oldest first; `hosts`
    asks for the company's own. `told` are the short values that tools gave: how things stand, as a system has it;
    `doubted` what they were asked for in vain. `as_ai`: an AI says it by itself, so it may not deny that it is one.
    """

    prompt: SystemPrompt
    secrets: Collection[str]
    internal_words: Collection[str]
    belongs_to_other: Callable[[Collection[str], Collection[str]], bool]
    suspicious: bool
    sources: list[str] = field(default_factory=list)
    customer: Collection[str] = ()
    said: Collection[str] = ()
    hosts: Callable[[], Collection[str]] = tuple
    given: list[str] = field(default_factory=list)
    proof: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    doubted: Collection[str] = ()
    as_ai: bool = True

    def hear(self, content: str, arguments: dict[str, Any], *, proves: bool = False) -> None:
        """Take in what a tool answered: it may be repeated, its links too, save those that the model asked with.

        `proves`: an act was done, and what is claimed of it has to agree with this.
        """
        given = [str(value) for value in arguments.values()]
        try:
            values, names = _values(json.loads(content))
        except (ValueError, RecursionError):
            values, names = [content], []
        # A line each: in JSON as it is written a line break would be part of the link before it.
        read = "\n".join((*values, *names))
        if proves:
            self.proof.append(read)
        self.told += [value for value in values if len(value) <= LONGEST_STATE and value not in given]
        self.sources.append(read)
        self.given.append(_without(read, given))

    def check(self, text: str, *, receipts: Collection[str], attempt: int) -> Verdict:
        """Decide over one reply; `attempt` starts at one."""
        leaks = self._leaks(text)
        if leaks:
            advice = _LINK_ADVICE if set(leaks) <= {"unknown_link", "image"} else _LEAK_ADVICE
            return Verdict("retry" if attempt == 1 else "replace", leaks, advice)
        if self.as_ai and denies_being_ai(text):
            return Verdict("retry" if attempt == 1 else "replace", ("denies_ai",), _DENIAL_ADVICE)
        proof = "\n".join(self.proof)
        truth = judge(text, receipts=receipts, attempt=attempt, proof=proof, told=self.told, doubted=self.doubted)
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
            our_words=f"{self.prompt.ours}\n{_CLAIM_ADVICE}\n{_LEAK_ADVICE}\n{_LINK_ADVICE}\n{_DENIAL_ADVICE}\n{EMPTY_ADVICE}",
            prompt=self.prompt.theirs,
            sources=self.sources,
            given=[_without(self.prompt.text, self.customer), *self.said, *self.given],
            hosts=self.hosts() if links_in(text) else (),
            before="\n".join(self.said)[-1000:],
        )
        reasons = list(found.reasons)
        # A turn that was given orders may not say any address that it was not given.
        unknown = bool(found.phones or found.emails)
        phones, emails = (*found.phones, *found.hidden_phones), (*found.emails, *found.hidden_emails)
        if (unknown and self.suspicious) or ((phones or emails) and self.belongs_to_other(phones, emails)):
            reasons.append("personal_data")
        return tuple(reasons)


def belongs_to_another(phones: Collection[str], emails: Collection[str], *, than: UUID) -> bool:
    """Whether one of these is the phone (by its last eight digits) or e-mail of a contact other than `than`. Two queries."""
    others = Contact.objects.exclude(pk=than)
    if emails and others.filter(Q(email__in=emails) | Q(points__value__in=emails)).exists():
        return True
    ends = {phone[-8:] for phone in phones if len(phone) >= 8}
    if not ends:
        return False
    # The same expression as the index `contact_search`; the last eight digits of a phone are a word of their own there.
    query = SearchQuery(" | ".join(sorted(ends)), search_type="raw", config="simple")
    found = others.annotate(words=SearchVector("search_text", config="simple")).filter(words=query)
    # An eight-digit word may also be part of a name or an e-mail.
    numbers = found.values_list("phone", "points__value")[:MOST_ROWS]
    return any(number and number[-8:] in ends for row in numbers for number in row)


def own_hosts(tenant: Tenant) -> tuple[str, ...]:
    """Hosts of the company's: the ones that pin it here, and the sites that its web chat stands on."""
    with auth_scope():
        hosts = list(Domain.objects.filter(tenant=tenant).values_list("domain", flat=True))
    with tenant_context(tenant):
        for config in Channel.objects.filter(provider=Provider.WEB).values_list("config", flat=True):
            hosts += [str(site).partition("://")[2] or str(site) for site in config.get("allowed_domains") or []]
    return tuple(host.split("/")[0].split(":")[0].removeprefix("*.") for host in hosts)


def _values(found: Any) -> tuple[list[str], list[str]]:
    """The values of a tool's result and the names that they stand under, however deep."""
    if not isinstance(found, dict | list):
        return ([] if found is None else [str(found)]), []
    inner = [_values(each) for each in (found.values() if isinstance(found, dict) else found)]
    names = [str(name) for name in found] if isinstance(found, dict) else []
    return [word for values, _names in inner for word in values], [
        *names,
        *(word for _v, more in inner for word in more),
    ]


def _without(text: str, values: Collection[str]) -> str:
    """The text without those of these values that hold a link."""
    for value in values:
        if value and links_in(value):
            for shown in (value, value[:80]):
                text = text.replace(shown, " ")
    return text


# Words to the model, never to a customer: the outbound filter knows them too.
_CLAIM_ADVICE = (
    "[Plataforma] Tu respuesta no se envió: afirma algo que ninguna herramienta confirmó en este turno: {claims}. "
    "Usá la herramienta que corresponde o reescribí la respuesta sin afirmarlo."
)
_LEAK_ADVICE = (
    "[Plataforma] Tu respuesta no se envió: contiene datos internos o de otra persona. "
    "Reescribila sin ellos y sin explicar este aviso."
)
_LINK_ADVICE = (
    "[Plataforma] Tu respuesta no se envió: tiene un enlace o una imagen que no está en las instrucciones ni en un "
    "resultado de herramienta. Reescribila sin eso y sin explicar este aviso."
)
_DENIAL_ADVICE = (
    "[Plataforma] Tu respuesta no se envió: niega que sos una IA o dice que sos una persona. Si lo preguntan, decí que sos"
    " una IA y ofrecé pasar con una persona; si no, reescribila sin hablar de eso."
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
        "unknown_link": _("tenía un enlace que la empresa no dio"),
        "image": _("cargaba una imagen de afuera"),
        "denies_ai": _("negaba ser una IA"),
        "empty": _("llegó vacía o cortada"),
    }
    named = dict.fromkeys(words.get(reason.partition(":")[0], _("tenía datos internos")) for reason in reasons)
    return ", ".join(named)
