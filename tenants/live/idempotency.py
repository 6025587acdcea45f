"""A repeated write with one Idempotency-Key has one effect and one answer, also when both arrive at once."""

import hashlib
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from config.lib.errors import Conflict, Invalid
from tenants.live.models import IdempotentRequest

LONGEST_KEY = 200


def claim(*, key: str, route: str, user_id: UUID, body: bytes) -> IdempotentRequest:
    """The row of this request, new or with the earlier answer (`status` > 0). Call inside the company's transaction.

    A second request waits here until the first one's transaction ends: it then finds the answer, or, when the first
    one failed, takes its place. Raises Invalid when the key was used for another body or is too long.
    """
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Invalid(_("Idempotency-Key lleva hasta 200 letras legibles."), code="bad_idempotency_key")
    digest = hashlib.sha256(body).hexdigest()
    row = IdempotentRequest(key=key, route=route[:300], user_id=user_id, body_hash=digest)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return _earlier(row)
    return row


def keep(row: IdempotentRequest, *, status: int, response: str) -> None:
    row.status, row.response = status, response
    row.save(update_fields=["status", "response"])


def _earlier(row: IdempotentRequest) -> IdempotentRequest:
    found = IdempotentRequest.objects.filter(key=row.key, route=row.route, user_id=row.user_id).first()
    if found is None or not found.status:
        raise Conflict(_("Ese pedido se está procesando. Probar de nuevo en un momento."), code="in_progress")
    if found.body_hash != row.body_hash:
        raise Invalid(_("Esa Idempotency-Key ya se usó con otro contenido."), code="idempotency_mismatch")
    return found
