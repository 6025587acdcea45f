"""The next step of a lead in templates: `{% include "crm/_step.html" %}` with `lead` says where it stands."""

from django import template
from django.utils import timezone

from crm.domain import next_step
from crm.models import Lead
from crm.services.steps import today

register = template.Library()


@register.filter
def step_of(lead: Lead) -> str:
    """closed, planned, late, explained or none."""
    return next_step.step(
        closed=lead.closed_at is not None,
        due=lead.next_step_at,
        reason=lead.no_step_reason,
        until=lead.no_step_until,
        now=timezone.now(),
        today=today(),
    ).value
