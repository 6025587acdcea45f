"""A free time as a signed promise: whoever brings it back within its minutes may book it, if nobody was faster."""

import base64
import os
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import Invalid
from crm.agenda import settings
from crm.models import AgendaEvent, Contact, Seller, Service
from tenants.context import current_tenant

SHAPE = struct.Struct(">12s16s16s16s16sqqq")
NOBODY = UUID(int=0)


@dataclass(frozen=True)
class Offer:
    """What was offered. `contact` None = to anybody; `moving`: the appointment that it would move."""

    number: str
    seller: UUID
    service: UUID | None
    start: datetime
    end: datetime
    contact: UUID | None
    moving: UUID | None
    expires: datetime

    @property
    def is_late(self) -> bool:
        return self.expires <= timezone.now()


def make(
    *,
    seller: Seller | UUID,
    service: Service | UUID | None,
    start: datetime,
    end: datetime,
    contact: Contact | UUID | None = None,
    moving: AgendaEvent | UUID | None = None,
    minutes: int | None = None,
) -> str:
    """Signed for the company entered, of whole seconds. `minutes`: how long it stands, the company's own unless given."""
    if minutes is None:
        minutes = settings.current().offer_minutes
    expires = timezone.now() + timedelta(minutes=minutes)
    times = (int(each.timestamp()) for each in (start, end, expires))
    packed = SHAPE.pack(os.urandom(12), *(_bytes(each) for each in (seller, service, contact, moving)), *times)
    return _signer().sign(base64.urlsafe_b64encode(packed).decode())


def read(token: str, *, late: bool = False) -> Offer:
    """Raises Invalid: `offer_invalid` for what this company did not sign, `offer_expired` (not with `late`)."""
    try:
        packed = base64.urlsafe_b64decode(_signer().unsign(token))
        number, seller, service, contact, moving, start, end, expires = SHAPE.unpack(packed)
    except (BadSignature, ValueError, struct.error) as error:
        raise Invalid(_("Ese horario no es uno de los ofrecidos."), code="offer_invalid") from error
    offer = Offer(
        number=number.hex(),
        seller=UUID(bytes=seller),
        service=_id(service),
        start=datetime.fromtimestamp(start, UTC),
        end=datetime.fromtimestamp(end, UTC),
        contact=_id(contact),
        moving=_id(moving),
        expires=datetime.fromtimestamp(expires, UTC),
    )
    if offer.is_late and not late:
        raise expired()
    return offer


def expired() -> Invalid:
    return Invalid(_("Ese horario se ofreció hace demasiado. Pedir los horarios otra vez."), code="offer_expired")


def _signer() -> Signer:
    return Signer(salt=f"crm.agenda.offer:{current_tenant().pk}")


def _bytes(value: Seller | Service | Contact | AgendaEvent | UUID | None) -> bytes:
    return (NOBODY if value is None else value if isinstance(value, UUID) else value.pk).bytes


def _id(packed: bytes) -> UUID | None:
    value = UUID(bytes=packed)
    return None if value == NOBODY else value
