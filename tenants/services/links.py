"""Links that do one thing once. Their tokens are made when somebody delivers them, and only a hash is kept.

Works in the sign-in scope. A token's first letter tells how it was delivered ("m" by e-mail, "c" copied by a person):
only what arrived by e-mail proves whose address it is.
"""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Conflict
from tenants.domain.actor import Actor
from tenants.models import OneTimeLink, Tenant, User
from tenants.services.audit import record

Kind = OneTimeLink.Kind
LIFE = {
    Kind.INVITATION: timedelta(hours=72),
    Kind.ACTIVATION: timedelta(hours=72),
    Kind.RESET: timedelta(hours=1),
    Kind.EMAIL_CHANGE: timedelta(hours=24),
}
MAILED, COPIED = "m", "c"
PATH = "/enlace/"


def create(
    *,
    kind: str,
    email: str,
    tenant: Tenant | None = None,
    user: User | None = None,
    role: str = "",
    by: User | None = None,
) -> OneTimeLink:
    """A link that nobody can open yet: deliver it with `mint`, or as the `link` of an e-mail."""
    return OneTimeLink.objects.create(
        kind=kind,
        email=email.strip().lower(),
        tenant=tenant,
        user=user,
        role=role,
        created_by=by,
        expires_at=timezone.now() + LIFE[Kind(kind)],
    )


def mint(link: OneTimeLink, *, by: Actor, mailed: bool = False) -> str:
    """The address to hand over. It is shown this once, and an earlier one of the same link dies.

    A person who copies it gives it its whole time anew; an e-mail does not. Raises Conflict when it was used or revoked.
    """
    row = OneTimeLink.objects.select_for_update(no_key=True, of=("self",)).get(pk=link.pk)
    now = timezone.now()
    if row.used_at or row.revoked_at or (mailed and row.expires_at <= now):
        raise Conflict(_("Ese enlace ya se usó o se anuló."))
    token = (MAILED if mailed else COPIED) + secrets.token_urlsafe(32)
    row.token_hash = digest(token)
    if not mailed:
        row.expires_at = now + LIFE[Kind(row.kind)]
    row.save(update_fields=["token_hash", "expires_at"])
    for tenant_id in companies_of(row):
        record(
            action="link.minted", resource=row, by=by, tenant_id=tenant_id, diff={"kind": row.kind, "mailed": mailed}
        )
    return f"{settings.PUBLIC_URL}{PATH}{token}/"


def peek(token: str) -> OneTimeLink | None:
    """The link as long as it can be used. Looking changes nothing, since mail scanners look too."""
    return _open().select_related("tenant", "user", "created_by").filter(token_hash=digest(token)).first()


def redeem(token: str) -> OneTimeLink | None:
    """Use it up: of any number at once exactly one gets it, all others None. Undone with the transaction it is used for."""
    found = digest(token)
    if not _open().filter(token_hash=found).update(used_at=timezone.now()):
        return None
    return OneTimeLink.objects.select_related("tenant", "user", "created_by").get(token_hash=found)


def proves_address(token: str) -> bool:
    """Whether whoever holds it reads the link's mailbox. The letter cannot be exchanged: the hash covers it."""
    return token.startswith(MAILED)


def revoke(rows: Iterable[OneTimeLink] | Q) -> int:
    """End open links; how many."""
    wanted = rows if isinstance(rows, Q) else Q(pk__in=[row.pk for row in rows])
    return OneTimeLink.objects.filter(wanted, used_at=None, revoked_at=None).update(revoked_at=timezone.now())


def is_open(link: OneTimeLink) -> bool:
    return link.used_at is None and link.revoked_at is None and link.expires_at > timezone.now()


def digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def companies_of(link: OneTimeLink) -> list[int | None]:
    """Whose trail tells of it: its company's, else those of its person; [None] is the platform's."""
    if link.tenant_id is not None:
        return [link.tenant_id]
    return trails_of(link.user)


def trails_of(user: User | None) -> list[int | None]:
    """Whose trail tells about a person: their companies', else the platform's (None)."""
    companies: list[int | None] = [*user.tenant_ids] if user is not None else []
    return companies or [None]


def _open() -> QuerySet[OneTimeLink]:
    return OneTimeLink.objects.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())
