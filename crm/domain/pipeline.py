"""Who may let a step of the pipeline pass, and the codes of stages."""

import re
import unicodedata
from collections.abc import Collection

from tenants.domain import roles

APPROVES = "leads.approve"
LONGEST_CODE = 40


def may_decide(role: str, approver_role: str) -> bool:
    """Whoever directs the company, and the role that the step names, as far as roles may approve at all."""
    return APPROVES in roles.permissions(role) and role in (roles.CEO, approver_role)


def approvers() -> tuple[str, ...]:
    """The roles a step may name."""
    return tuple(role for role in roles.ROLES if APPROVES in roles.permissions(role))


def free_code(name: str, taken: Collection[str]) -> str:
    """A code from a stage's name that no other stage has: "Visita técnica" → "visita-tecnica", then "visita-tecnica-2"."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    code = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[: LONGEST_CODE - 6] or "etapa"
    number = 2
    found = code
    while found in taken:
        found, number = f"{code}-{number}", number + 1
    return found
