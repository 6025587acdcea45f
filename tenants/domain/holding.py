"""Record scope as a rule: who has a row, and whether somebody whose circle is given may know of it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Held:
    """`by`: ids of the people who have a lead or chat. `free`: nobody has it, so whoever attends may take it."""

    by: frozenset[str]
    free: bool = False

    def within(self, circle: frozenset[str] | None) -> bool:
        """`circle` None = sees all."""
        return circle is None or self.free or not self.by.isdisjoint(circle)


def lead(owner_user: object, *, owned: bool) -> Held:
    """Of its seller; a seller who does not sign in is nobody's circle, and still somebody."""
    return Held(_people([owner_user]), free=not owned)


def chat(assignee: object, lead_owners: Iterable[object], *, free_lead: bool, any_lead: bool) -> Held:
    """Of whom it is assigned to and of the sellers of the contact's leads.

    Free when assigned to nobody and the contact has no lead, or one that nobody has (`free_lead`).
    """
    return Held(_people([assignee, *lead_owners]), free=assignee is None and (free_lead or not any_lead))


def _people(given: Iterable[object]) -> frozenset[str]:
    return frozenset(str(each) for each in given if each is not None)
