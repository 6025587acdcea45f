"""API tokens: a 15-minute access token (JWT, HS256) and a rotating refresh token kept only as a hash.

Using a refresh token twice revokes its family; within a short grace the same successor cannot be told apart from a
retry of the client, so the second use is answered with a refusal but without revoking.
"""

import hashlib
import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
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
from tenants.models import RefreshToken, User

logger = logging.getLogger(__name__)

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=14)
GRACE = timedelta(seconds=30)
AUDIENCE, KIND = "sovereign-api", "access"


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
    """What a valid access token says. `tenant_id` only names the person's one company; the membership row decides."""

    user_id: UUID
    mark: str
    tenant_id: int | None = None
    family: UUID | None = None


def access_token(user: User, *, family: UUID | None = None) -> str:
    """Names the person, the state of the password and the sign-in it came from. Never a role or a right."""
    now = timezone.now()
    claims = {
        "sub": str(user.pk),
        "pw": password_mark(user),
        "typ": KIND,
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + ACCESS_LIFE,
    }
    if family is not None:
        claims["fam"] = str(family)
    if len(user.tenant_ids) == 1:  # spares a look-up at every call; with several the caller names one
        claims["tid"] = user.tenant_ids[0]
    return jwt.encode(claims, _key(), algorithm="HS256")


def password_mark(user: User) -> str:
    """Changes with the password, so that old tokens end with it."""
    return user.get_session_auth_hash()[:16]


def read_access(token: str) -> Access | None:
    """What a valid access token says, else None. A sign-out ends it at once, not only when its time is up."""
    try:
        claims = jwt.decode(
            token, _key(), algorithms=["HS256"], audience=AUDIENCE, options={"require": ["exp", "sub", "aud"]}
        )
    except jwt.InvalidTokenError:
        return None
    user_id, family = as_uuid(claims["sub"]), as_uuid(claims.get("fam"))
    if claims.get("typ") != KIND or user_id is None or (family is not None and _ended(family)):
        return None
    tenant_id = claims.get("tid")
    return Access(user_id, str(claims.get("pw", "")), tenant_id if isinstance(tenant_id, int) else None, family)


def _ended(family: UUID) -> bool:
    try:
        return bool(client().exists(_ended_key(family)))
    except redis.RedisError:  # the table knows too; Redis only spares the statement
        with auth_scope():
            return RefreshToken.objects.filter(family=family, revoked_at__isnull=False).exists()


def _ended_key(family: UUID) -> str:
    return f"tokens:ended:{family}"


def issue(user: User, *, family: UUID | None = None) -> Pair:
    """A new pair; call in the sign-in scope."""
    refresh, family = secrets.token_urlsafe(48), family or uuid4()
    RefreshToken.objects.create(
        user=user,
        token_hash=_digest(refresh),
        password_mark=password_mark(user),
        expires_at=timezone.now() + REFRESH_LIFE,
        family=family,
    )
    return Pair(access_token(user, family=family), refresh)


def rotate(refresh: str) -> tuple[User, Pair] | None:
    """Swap a refresh token for a new pair. None when it is not usable; a reuse has then revoked the family.

    Answers None instead of raising so that the revocation is committed by the caller's transaction.
    """
    row = RefreshToken.objects.select_for_update(no_key=True).filter(token_hash=_digest(refresh)).first()
    now = timezone.now()
    if row is None or row.revoked_at or row.expires_at < now:
        return None
    if row.used_at:
        if now - row.used_at > GRACE:
            revoke_family(row.family, now)
        return None
    user = User.objects.filter(pk=row.user_id, is_active=True).first()
    if user is None or not constant_time_compare(row.password_mark, password_mark(user)):
        return None
    row.used_at = now
    row.save(update_fields=["used_at"])
    return user, issue(user, family=row.family)


def revoke(refresh: str) -> User | None:
    """End the sign-in this refresh token belongs to; the person, if there was one."""
    row = RefreshToken.objects.select_related("user").filter(token_hash=_digest(refresh)).first()
    if row is None:
        return None
    revoke_family(row.family, timezone.now())
    return row.user


def revoke_access(access: str) -> User | None:
    """End the sign-in this access token came from; the person, if it was still good."""
    read = read_access(access) if access else None
    if read is None or read.family is None:
        return None
    revoke_family(read.family, timezone.now())
    return User.objects.filter(pk=read.user_id).first()


def revoke_family(family: UUID, now: datetime) -> None:
    # Waits for a renewal that is under way, so that the token it makes is seen and ends too.
    list(RefreshToken.objects.select_for_update(no_key=True).filter(family=family).order_by("id").values_list("id"))
    RefreshToken.objects.filter(family=family, revoked_at=None).update(revoked_at=now)
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
