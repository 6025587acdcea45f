"""API tokens: a 15-minute access token (JWT, HS256) and a rotating refresh token kept only as a hash.

Using a refresh token twice revokes its family. Within a short grace a second use is a client that did not hear the answer,
or several at once: it hears the same pair again, which the row keeps sealed with the old token itself.
"""

import hashlib
import json
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import redis
from django.conf import settings
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError
from config.lib.ids import as_uuid
from config.lib.redis import client
from tenants.context import auth_scope
from tenants.keyring import Unreadable, binding, seal, unseal
from tenants.models import RefreshToken, SecondFactor, SignIn, User
from tenants.services.person_trail import note

logger = logging.getLogger(__name__)

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=14)
GRACE = timedelta(seconds=30)
AUDIENCE, KIND, ISSUER = "sovereign-api", "access", "sovereign-crm"
ALGORITHM = "HS256"
LEEWAY = timedelta(seconds=5)  # of our own processes' clocks; nobody else makes tokens
LONGEST = 1_500  # letters; ours have about 450
HEADER = {"alg", "typ"}  # a header that names a key or a place to fetch one is nobody's


@dataclass(frozen=True)
class Pair:
    """What a client receives."""

    access: str
    refresh: str


class BadToken(AppError):
    code, status = "bad_token", 401


def _key() -> bytes:
    return hashlib.sha256(b"access-token\x00" + settings.SECRET_KEY.encode()).digest()


@dataclass(frozen=True)
class Access:
    """What a valid access token says. `tenant_id` only names the person's one company; the membership row decides.

    `second`: a second factor was proved; `since`: when it was issued, in seconds since 1970.
    """

    user_id: UUID
    mark: str
    tenant_id: int | None = None
    family: UUID | None = None
    second: bool = False
    since: float = 0.0


def access_token(user: User, *, family: UUID | None = None, second: bool = False) -> str:
    """Names the person, the state of the password and the sign-in it came from. Never a role or a right."""
    now = timezone.now()
    claims = {
        "sub": str(user.pk),
        "pw": password_mark(user),
        "typ": KIND,
        "aud": AUDIENCE,
        "iss": ISSUER,
        "iat": now,
        "exp": now + ACCESS_LIFE,
    }
    if second:
        claims["amr"] = ["otp"]  # RFC 8176
    if family is not None:
        claims["fam"] = str(family)
    if len(user.tenant_ids) == 1:  # spares a look-up at every call; with several the caller names one
        claims["tid"] = user.tenant_ids[0]
    return jwt.encode(claims, _key(), algorithm=ALGORITHM)


def password_mark(user: User) -> str:
    """Changes with the password, so that old tokens end with it."""
    return user.get_session_auth_hash()[:16]


def read_access(token: str) -> Access | None:
    """What a valid access token says, else None. A sign-out ends it at once, not only when its time is up."""
    claims = _claims(token)
    if claims is None:
        return None
    user_id, family = as_uuid(claims["sub"]), as_uuid(claims.get("fam"))
    if user_id is None or ("fam" in claims and family is None) or (family is not None and _ended(family)):
        return None
    tenant_id, since = claims.get("tid"), float(claims["iat"])
    second = claims.get("amr") == ["otp"]
    number = tenant_id if isinstance(tenant_id, int) and not isinstance(tenant_id, bool) else None
    return Access(user_id, str(claims.get("pw", "")), number, family, second, since)


def _claims(token: str) -> dict[str, Any] | None:
    """The claims of a token of our own making for this very use, within its time."""
    if not 0 < len(token) <= LONGEST or not token.isascii():
        return None
    try:
        if set(jwt.get_unverified_header(token)) - HEADER:
            return None
        claims = jwt.decode(
            token,
            _key(),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=ISSUER,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "sub", "aud", "iss"]},
        )
    except jwt.InvalidTokenError:
        return None
    begins, ends = claims["iat"], claims["exp"]
    if not isinstance(begins, int) or not isinstance(ends, int) or not 0 < ends - begins <= ACCESS_LIFE.total_seconds():
        return None
    return claims if claims.get("typ") == KIND and claims["aud"] == AUDIENCE else None


def _ended(family: UUID) -> bool:
    try:
        return bool(client().exists(_ended_key(family)))
    except redis.RedisError:  # the table knows too; Redis only spares the statement
        with auth_scope():
            return RefreshToken.objects.filter(family=family, revoked_at__isnull=False).exists()


def _ended_key(family: UUID) -> str:
    return f"tokens:ended:{family}"


def issue(user: User, *, family: UUID | None = None) -> Pair:
    """A new pair; call in the sign-in scope, for somebody who passed every factor they have."""
    refresh, family = secrets.token_urlsafe(48), family or uuid4()
    # Putting a second factor in force ends every earlier sign-in, so whoever holds one now has proved it.
    second = SecondFactor.objects.filter(user=user, confirmed_at__isnull=False).exists()
    RefreshToken.objects.create(
        user=user,
        token_hash=_digest(refresh),
        password_mark=password_mark(user),
        expires_at=timezone.now() + REFRESH_LIFE,
        family=family,
    )
    return Pair(access_token(user, family=family, second=second), refresh)


def rotate(refresh: str) -> tuple[User, Pair] | None:
    """Swap a refresh token for a new pair; within the grace the same one again. None when it is not usable.

    A later second use has then revoked the family: this answers None instead of raising so that the caller's transaction
    commits that.
    """
    row = RefreshToken.objects.select_for_update(no_key=True).filter(token_hash=_digest(refresh)).first()
    now = timezone.now()
    if row is None or row.revoked_at or row.expires_at < now:
        return None
    user = User.objects.filter(pk=row.user_id, is_active=True).first()
    if row.used_at and now - row.used_at > GRACE:
        _reused(row, user, now)
        return None
    if user is None or not constant_time_compare(row.password_mark, password_mark(user)):
        return None
    if row.used_at:
        pair = _opened(row, refresh)
        return (user, pair) if pair else None
    pair = issue(user, family=row.family)
    row.used_at, row.successor = now, _sealed(row, refresh, pair)
    row.save(update_fields=["used_at", "successor"])
    SignIn.objects.filter(key=str(row.family)).update(seen_at=now)
    return user, pair


def _reused(row: RefreshToken, user: User | None, now: datetime) -> None:
    """Somebody holds a copy. Whose is the real one cannot be told, so neither goes on."""
    row.used_at = now  # the very moment the family ends: this is how the person's list of sign-ins knows
    row.save(update_fields=["used_at"])
    revoke_family(row.family, now)
    if user is not None:
        note(user, "token.reused", outcome="refused", family=str(row.family))


def _sealed(row: RefreshToken, refresh: str, pair: Pair) -> bytes:
    words = json.dumps({"access": pair.access, "refresh": pair.refresh}).encode()
    return seal(_own_key(refresh), words, binding("successor", row.pk))


def _opened(row: RefreshToken, refresh: str) -> Pair | None:
    try:
        pair = json.loads(unseal(_own_key(refresh), bytes(row.successor or b""), binding("successor", row.pk)))
    except Unreadable:
        return None
    return Pair(pair["access"], pair["refresh"])


def _own_key(refresh: str) -> bytes:
    """Only the old token opens what it was swapped for; with 384 bits of chance it needs no slow hash."""
    return hashlib.sha256(b"successor\x00" + refresh.encode()).digest()


def revoke(refresh: str) -> User | None:
    """End the sign-in this refresh token belongs to; the person, if there was one."""
    row = RefreshToken.objects.select_related("user").filter(token_hash=_digest(refresh)).first()
    if row is None:
        return None
    revoke_family(row.family, timezone.now())
    return row.user


def revoke_access(access: str) -> User | None:
    """End the sign-in this access token came from; the person, if it was still good."""
    read = read_access(access)
    if read is None or read.family is None:
        return None
    revoke_family(read.family, timezone.now())
    return User.objects.filter(pk=read.user_id).first()


def revoke_family(family: UUID, now: datetime) -> None:
    # Waits for a renewal that is under way, so that the token it makes is seen and ends too.
    list(RefreshToken.objects.select_for_update(no_key=True).filter(family=family).order_by("id").values_list("id"))
    RefreshToken.objects.filter(family=family, revoked_at=None).update(revoked_at=now)
    SignIn.objects.filter(key=str(family), ended_at=None).update(ended_at=now)
    commit.after(lambda: _note_end(family))


def _note_end(family: UUID) -> None:
    try:
        client().set(_ended_key(family), 1, ex=ACCESS_LIFE)
    except redis.RedisError:
        logger.warning("the end of a sign-in is not in Redis: its access token lives on for minutes if Redis returns")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def refused() -> BadToken:
    return BadToken(_("La sesión terminó. Hay que ingresar de nuevo."))
