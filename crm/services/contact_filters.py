"""Which contacts an address asks for: the same words for the list, the export and the API.

`q` (or `search`), `city`, `tag`, `client` (yes, no), `blocked=1`, `opted_out=1`, `phone=none`, `custom.<key>` (a value, or
"from..to"). A value that is not understood filters nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Q

from config.lib.errors import Invalid
from crm.models import Client, Contact, CustomField
from crm.models.contact import ContactQuerySet
from crm.services import custom_fields
from tenants.models import Membership

CUSTOM = "custom."
LONGEST = 200
CHOICES = {"client": ("yes", "no"), "blocked": ("1",), "opted_out": ("1",), "phone": ("none",)}
WORDS = ("q", "city", "tag", *CHOICES)


@dataclass
class ContactQuery:
    """`given`: the words that were understood, as typed. `fields`: the company's own, where one was asked for."""

    member: Membership
    given: dict[str, str] = field(default_factory=dict)
    conditions: Q = field(default_factory=Q)

    @classmethod
    def of(
        cls, params: Mapping[str, str], member: Membership, *, fields: Sequence[CustomField] | None = None
    ) -> "ContactQuery":
        """`fields` spares a statement where the caller has them."""
        query = cls(member)
        words = {**params, "q": params.get("q") or params.get("search") or ""}
        for word in WORDS:
            value = str(words.get(word) or "").replace("\x00", "").strip()[:LONGEST]
            if value and value in CHOICES.get(word, (value,)):
                query.given[word] = value
        own = {word: str(value) for word, value in params.items() if word.startswith(CUSTOM) and value}
        if own:
            for each in custom_fields.fields_on("contact") if fields is None else fields:
                query._add_own(each, own.get(CUSTOM + each.key, ""))
        return query

    def _add_own(self, own: CustomField, raw: str) -> None:
        if not raw:
            return
        try:
            self.conditions &= custom_fields.filter_q(own, raw[:LONGEST])
        except Invalid:
            return
        self.given[CUSTOM + own.key] = raw

    def rows(self) -> ContactQuerySet:
        """Visible to the member; the caller orders and cuts."""
        given = self.given
        rows = Contact.objects.visible_to(self.member).filter(self.conditions).search(given.get("q", ""))
        if "city" in given:
            rows = rows.filter(city__iexact=given["city"])
        if "tag" in given:
            rows = rows.filter(tags__contains=[given["tag"]])
        if "client" in given:
            bought = Exists(Client.objects.filter(contact=OuterRef("pk")))
            rows = rows.filter(bought if given["client"] == "yes" else ~bought)
        if "blocked" in given:
            rows = rows.filter(blocked_at__isnull=False)
        if "opted_out" in given:
            rows = rows.filter(opted_out_at__isnull=False)
        return rows.filter(phone=None) if "phone" in given else rows
