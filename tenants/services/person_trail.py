"""What concerns a person in every company they belong to: signing in, factors, tokens. Call in the sign-in scope."""

from typing import Any

from tenants.domain.actor import Actor
from tenants.models import User
from tenants.services import audit


def note(user: User, action: str, *, outcome: str = "ok", **details: Any) -> None:
    """In the trail of each of the person's companies; of the platform for somebody without one. Never a secret."""
    companies: list[int | None] = [*user.tenant_ids] or [None]
    by = Actor("user", str(user.pk), str(user))
    for tenant_id in companies:
        audit.record(action=action, by=by, resource=user, outcome=outcome, tenant_id=tenant_id, diff=details)
