"""A request as TenantMiddleware leaves it. Views annotate with this type; at run time it is Django's own class."""

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from tenants.domain.actor import Actor
    from tenants.identity import Claim
    from tenants.models import Membership, Tenant, User


class Request(HttpRequest):
    """Behind `@page` company, member, person and actor are there; before it any of them may be missing."""

    tenant: "Tenant"
    member: "Membership"
    membership: "Membership | None"
    user: "User"
    actor: "Actor"
    claim: "Claim | None"
    host_tenant: "Tenant | None"
    named_tenant: "Tenant | None"  # of a view that waits: what it enters for moments
    htmx: "HtmxDetails"
    undo: bool
    visit_noted: bool
    lacks_factor: bool
    tag_colors: dict[str, str]
