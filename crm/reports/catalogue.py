"""Every report by its name in the API and in the address."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.reports import ahead, answers, people, sales
from crm.reports.base import Report, Scope

Maker = Callable[[Scope, date], Report]


@dataclass(frozen=True)
class Entry:
    """`slug` is its word in the page's address. `timeless`: the chosen days do not matter to it."""

    name: str
    slug: str
    title: Promise
    make: Maker
    timeless: bool = False


ENTRIES = (
    Entry("funnel", "embudo", _("Embudo"), lambda scope, today: sales.funnel(scope)),
    Entry("sources", "origenes", _("Orígenes"), lambda scope, today: sales.sources(scope)),
    Entry("sellers", "vendedores", _("Vendedores"), lambda scope, today: people.sellers(scope)),
    Entry("responses", "respuestas", _("Respuestas"), lambda scope, today: answers.responses(scope)),
    Entry("losses", "perdidas", _("Pérdidas"), lambda scope, today: sales.losses(scope)),
    Entry("forecast", "pronostico", _("Pronóstico"), ahead.forecast, timeless=True),
    Entry("goals", "metas", _("Metas"), lambda scope, today: ahead.goals(scope, scope.period.last.replace(day=1))),
)
BY_NAME = {entry.name: entry for entry in ENTRIES}
BY_SLUG = {entry.slug: entry for entry in ENTRIES}
