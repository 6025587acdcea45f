"""The second factor: enrolling, asking, recovery codes. Call in the sign-in scope, which alone reads its tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import segno
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, OuterRef, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.errors import AppError, Conflict
from tenants.domain import otp
from tenants.models import Membership, RecoveryCode, SecondFactor, Tenant, User
from tenants.services import limits, reauth, sign_ins
from tenants.services.person_trail import note

ISSUER = "Sovereign CRM"
REQUIRED = "require_second_factor"  # of a company's settings


class OtpRequired(AppError):
    """The password was right; the code is missing."""

    code, status = "otp_required", 401


class BadOtp(AppError):
    code, status = "bad_otp", 401


def active(user: User) -> bool:
    """Whether signing in asks this person for a code."""
    return SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()


@dataclass(frozen=True)
class State:
    """What a person's second factor is: in force since `since`, or begun with `secret` and not proved yet, or neither.

    `codes_left`: recovery codes that still work; `asked_by`: companies that do not let them in without it.
    """

    since: datetime | None
    secret: str
    codes_left: int
    asked_by: list[str]

    @property
    def active(self) -> bool:
        return self.since is not None


def state(user: User) -> State:
    """Two statements."""
    unused = RecoveryCode.objects.filter(user=OuterRef("user"), used_at=None).order_by().values("user")
    left = Subquery(unused.annotate(n=Count("*")).values("n"))
    row: Any = SecondFactor.objects.filter(user=user).annotate(left=left).first()
    asked_by = [tenant.name for tenant in companies_asking(user)]
    if user.is_platform_staff and settings.PLATFORM_SECOND_FACTOR:
        asked_by.append(ISSUER)
    if row is None:
        return State(None, "", 0, asked_by)
    return State(row.confirmed_at, "" if row.confirmed_at else row.secret, row.left or 0, asked_by)


def codes_left(user: User) -> int:
    """Recovery codes that still work."""
    return RecoveryCode.objects.filter(user=user, used_at=None).count()


def start(user: User) -> SecondFactor:
    """A new secret to be proved with `confirm`; asks for nothing until then. Raises Conflict when one is in force."""
    try:
        with transaction.atomic():
            row, _new = SecondFactor.objects.select_for_update(no_key=True).get_or_create(
                user=user, defaults={"secret": otp.new_secret()}
            )
    except IntegrityError:  # two tabs at once
        row = SecondFactor.objects.select_for_update(no_key=True).get(user=user)
    if row.confirmed_at:
        raise Conflict(_("El segundo factor ya está activado."), code="otp_active")
    row.secret, row.last_step = otp.new_secret(), 0
    row.save(update_fields=["secret", "last_step"])
    return row


def confirm(*, user: User, code: str, now: datetime | None = None) -> list[str]:
    """Put the secret in force once the person's app shows its codes; returns the recovery codes, shown this once.

    Every sign-in of the person ends: whoever called keeps theirs by renewing it. Raises BadOtp, RateLimited or Conflict.
    """
    _count(user)
    row = SecondFactor.objects.select_for_update(no_key=True).filter(user=user).first()
    if row is None or row.confirmed_at:
        raise Conflict(_("No hay un segundo factor para confirmar."), code="otp_not_started")
    now = now or timezone.now()
    step = otp.fitting_step(row.secret, otp.plain(code), moment=now.timestamp(), after=row.last_step)
    if step is None:
        raise _bad()
    row.confirmed_at, row.last_step = now, step
    row.save(update_fields=["confirmed_at", "last_step"])
    sign_ins.end_all(user)
    note(user, "second_factor.enabled")
    return _fresh_codes(user)


def check(*, user: User, code: str, now: datetime | None = None) -> None:
    """Nothing when it is a code of this very half-minute, or a recovery code, that was not used before.

    Raises BadOtp (401) or RateLimited (429). Of many at once with the same code one is accepted.
    """
    _count(user)
    typed = otp.plain(code)
    row = SecondFactor.objects.select_for_update(no_key=True).filter(user=user, confirmed_at__isnull=False).first()
    if row is not None and otp.is_code(typed):
        moment = (now or timezone.now()).timestamp()
        step = otp.fitting_step(row.secret, typed, moment=moment, after=row.last_step)
        if step is not None:
            row.last_step = step
            row.save(update_fields=["last_step"])
            return
    elif row is not None and len(typed) == otp.RECOVERY_LENGTH and _use_recovery(user, typed):
        note(user, "recovery_code.used", left=codes_left(user))
        return
    note(user, "login.otp_refused", outcome="refused")
    raise _bad()


def disable(*, user: User, password: str, address: str | None) -> None:
    """Take the second factor away. Raises ReauthenticationFailed, and Conflict while a company of theirs asks for it."""
    reauth.confirm(user=user, password=password, address=address)
    asked_by = state(user).asked_by
    if asked_by:
        raise Conflict(
            _("%(company)s pide el segundo factor a su gente: no se puede desactivar.") % {"company": asked_by[0]},
            code="otp_required_by_company",
        )
    SecondFactor.objects.filter(user=user).delete()
    RecoveryCode.objects.filter(user=user).delete()
    sign_ins.end_all(user)
    note(user, "second_factor.disabled")


def new_recovery_codes(*, user: User, password: str, address: str | None) -> list[str]:
    """Ten new ones, shown this once; the old ones stop working. Raises ReauthenticationFailed or Conflict."""
    reauth.confirm(user=user, password=password, address=address)
    row = SecondFactor.objects.select_for_update(no_key=True).filter(user=user, confirmed_at__isnull=False).first()
    if row is None:
        raise Conflict(_("Primero hay que activar el segundo factor."), code="otp_not_active")
    note(user, "recovery_codes.made")
    return _fresh_codes(user)


def companies_asking(user: User) -> list[Tenant]:
    """The person's companies that require a second factor of their people."""
    mine = Membership.objects.filter(user=user, status=Membership.Status.ACTIVE).select_related("tenant")
    return [row.tenant for row in mine if row.tenant.settings.get(REQUIRED)]


@dataclass(frozen=True)
class Picture:
    """A QR code as the path of an SVG of `size` × `size` units, with its quiet border."""

    size: int
    path: str


def address(user: User, secret: str) -> str:
    """The otpauth address that apps read."""
    return otp.address(secret, account=user.email, issuer=ISSUER)


def picture(user: User, secret: str) -> Picture:
    """What a phone's camera reads the secret from."""
    rows = list(segno.make(address(user, secret), error="m", micro=False).matrix_iter(border=4))
    dots = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return Picture(len(rows), "".join(dots))


def _count(user: User) -> None:
    """A minute's tries, and an hour's: at five a minute alone, guessing day and night would hit one time in fifty."""
    limits.check("otp", user.pk)
    limits.check("otp-hour", user.pk)


def _use_recovery(user: User, code: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user, code_hash=otp.recovery_hash(user.pk, code), used_at=None)
    return unused.update(used_at=timezone.now()) == 1


def _fresh_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = otp.new_recovery_codes()
    RecoveryCode.objects.bulk_create(
        [RecoveryCode(user=user, code_hash=otp.recovery_hash(user.pk, code)) for code in codes]
    )
    return codes


def _bad() -> BadOtp:
    message = _("El código no es correcto o ya se usó.")
    return BadOtp(message, fields={"otp": message})
