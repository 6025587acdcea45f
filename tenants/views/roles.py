"""The permission table as a page: who may do what, whose rows they see, what keys and visits of the platform may not."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from tenants.access import page
from tenants.domain import roles
from tenants.permission_words import AREAS, ROLE_CHOICES, SCOPE_NAMES, SCOPES
from tenants.requests import Request


@dataclass(frozen=True)
class Cell:
    """One role and one permission. `role` labels the cell where the table has no head, on a phone."""

    role: str
    may: bool


@dataclass(frozen=True)
class Line:
    words: Promise
    cells: list[Cell]
    key: bool  # whether an integration's key can be given it
    visit: bool  # whether the platform's staff have it on a visit


@dataclass(frozen=True)
class Area:
    title: Promise
    lines: list[Line]


@page("members.read")
@require_safe
def matrix(request: Request) -> HttpResponse:
    """Drawn from the table that decides; nothing here can differ from it."""
    context = {
        "roles": [label for _role, label in ROLE_CHOICES],
        "areas": [Area(title, [_line(name, words) for name, words in named.items()]) for title, named in AREAS.items()],
        "scopes": [(label, SCOPE_NAMES[roles.default_scope(role)]) for role, label in ROLE_CHOICES],
        "scope_words": list(SCOPES.values()),
        "mine": request.member.get_role_display()
        if request.member.role in roles.ROLES
        else _("Visita de la plataforma"),
    }
    return render(request, "tenants/roles.html", context)


def _line(permission: str, words: Promise) -> Line:
    cells = [Cell(str(label), permission in roles.permissions(role)) for role, label in ROLE_CHOICES]
    return Line(
        words,
        cells,
        key=permission not in roles.PEOPLE_ONLY,
        visit=permission in roles.permissions(roles.SUPPORT),
    )
