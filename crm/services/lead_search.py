"""Searching leads by the words of their contact: name, phone, e-mail.

Few hits: their contacts are found first, by index, and then their leads. Many: each lead is looked at in the list's order
until the page is full. Left alone PostgreSQL guesses which, and among a million leads a wrong guess costs seconds.
"""

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Concat

from crm.domain.search import terms
from crm.models import Contact
from crm.models.lead import LeadQuerySet

MOST_HITS = 5_000
SAMPLE = 1_000  # contacts whose leads are counted when there are more hits than that


class _AnyOf(Func):
    """`a = ANY(ARRAY(SELECT …))`: unlike IN, never turned into a join."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY("
    conditional = True

    def __init__(self, *expressions: Any) -> None:
        super().__init__(*expressions, output_field=BooleanField())


def hits(words: str, most: int = MOST_HITS) -> QuerySet[Contact, Any]:
    """The keys of the contacts with these words, at most `most` + 1."""
    return Contact.objects.search(words).order_by().values("pk")[: most + 1]


def found(rows: LeadQuerySet, words: str, *, most: int | None) -> LeadQuerySet:
    """The leads among `rows` whose contact has the words. Only those of the first `most` contacts; None looks at each lead."""
    if not terms(words):
        return rows.none()
    return rows.filter(_has(words) if most is None else _AnyOf(F("contact_id"), ArraySubquery(hits(words, most))))


def _has(words: str) -> Subquery:
    """The same words looked for in the text of the lead's own contact."""
    contact = Contact.objects.filter(pk=OuterRef("contact_id")).annotate(
        padded=Concat(Value(" ", TextField()), F("search_text"), output_field=TextField())
    )
    for spellings in terms(words):
        said = Q()
        for each in spellings:
            said |= Q(padded__contains=f" {each}")
        contact = contact.filter(said)
    return Subquery(contact.annotate(yes=Value(True)).values("yes")[:1], output_field=BooleanField())
