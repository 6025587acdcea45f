"""What the three boxes of a lead need: crm/_stage_box.html, crm/_score_box.html, crm/_conversion.html. One statement."""

from typing import Any

from django.forms import Form

from crm.forms.leads import MoveForm, ReasonForm, ScoreForm
from crm.models import Lead
from crm.services import conversion, standing
from tenants.models import Membership


def context(
    member: Membership,
    lead: Lead,
    *,
    move: Form | None = None,
    score: Form | None = None,
    unconvert: Form | None = None,
) -> dict[str, Any]:
    """`lead` with contact and stage. The forms are refused ones, to be shown with what was typed."""
    return {
        "standing": standing.of(lead, role=member.role),
        "move": move or MoveForm(),
        "score_form": score or ScoreForm(initial={"score": lead.score, "reason": lead.score_adjustment_reason}),
        "criteria": conversion.criteria(lead),
        "unconvert": unconvert or ReasonForm(),
    }
