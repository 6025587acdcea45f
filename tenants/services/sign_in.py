"""Signing in: one limit and one answer for page, API and tokens; nothing tells whether an account exists."""

import hashlib
import logging
import time
from functools import partial
from uuid import uuid4

import redis
from django.contrib.auth import HASH_SESSION_KEY, authenticate
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError
from config.lib.redis import client
from tenants.context import auth_scope
from tenants.domain.actor import Actor
from tenants.identity import ACCESS_COOKIE, SESSION_SECOND, SESSION_SINCE, SESSION_TENANT
from tenants.live import access_topics
from tenants.models import Membership, SignIn, Tenant, User
from tenants.services import audit, limits, sign_ins, tokens, totp
from tenants.services.person_trail import note

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
TRIES_PER_ACCOUNT = 5
TRIES_PER_ADDRESS = 60  # an office behind one address signs in on Monday morning
HALF, HALF_SECONDS = "half_signed", 600  # of the session: the password was right, the code is owed


class BadCredentials(AppError):
    code, status = "bad_credentials", 401


def check(*, email: str, password: str, address: str | None) -> User:
    """The person, or RateLimited (429) or BadCredentials (401). The right password clears the account's count."""
    email = email.strip().lower()
    account = f"login:account:{hashlib.sha256(email.encode()).hexdigest()}"
    _count(account, TRIES_PER_ACCOUNT)
    if address:
        _count(f"login:address:{address}", TRIES_PER_ADDRESS)
    user = authenticate(None, username=email, password=password)
    if not isinstance(user, User):
        _note_refusal(email)
        raise BadCredentials(_("El correo o la contraseña no coinciden."))
    _forget(account)
    return user


def begin(*, request: HttpRequest, user: User, tenant: Tenant | None, proved: bool = False, wanted: str = "") -> bool:
    """Start the page session under a new key, so that an older one cannot be reused. Call in the sign-in scope.

    False: this person has a second factor that is not `proved` yet. The session then opens the page that asks for the
    code and nothing else, and goes on to `wanted` afterwards.
    """
    second = totp.active(user)
    if second and not proved:
        _begin_half(request, user, wanted)
        return False
    request.session.pop(HALF, None)
    sign_ins.ended(request.session.session_key or "")
    start_session(request, user, backend="tenants.backends.EmailBackend")
    request.session.cycle_key()  # also when the same person signs in again
    request.session[SESSION_SECOND] = second
    if tenant is not None:
        choose(request=request, tenant=tenant)
    _note_session(request, user)
    audit.record(action="login", by=_actor(user), resource=user, tenant_id=tenant.pk if tenant else None)
    return True


def half_signed(request: HttpRequest) -> tuple[User, str] | None:
    """Who gave the right password and still owes the code, and where they wanted to go. Call in the sign-in scope."""
    half = request.session.get(HALF)
    if not isinstance(half, dict) or time.time() - float(half.get("at", 0)) > HALF_SECONDS:
        return None
    user = User.objects.filter(pk=str(half.get("user")), is_active=True).first()
    if user is None or not constant_time_compare(str(half.get("mark", "")), user.get_session_auth_hash()):
        return None
    return user, str(half.get("wanted", ""))


def renew(*, request: HttpRequest, user: User) -> None:
    """Go on with this session after `sign_ins.end_all`: a new key, the person's new mark. Call in the sign-in scope.

    A new password or second factor ends every sign-in; who did it at a page stays signed in with this.
    """
    old = request.session.session_key
    request.session.cycle_key()
    sign_ins.ended(old or "")
    request.session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    request.session[SESSION_SECOND] = totp.active(user)
    _note_session(request, user)


def begin_tokens(*, user: User, code: str) -> tokens.Pair:
    """A sign-in of an integration, or of a browser without pages, after the right password. Call in the sign-in scope.

    Raises OtpRequired or BadOtp (401) or RateLimited when the person has a second factor that `code` does not prove.
    """
    if totp.active(user):
        if not code.strip():
            message = _("Falta el código del segundo factor.")
            raise totp.OtpRequired(message, fields={"otp": message})
        totp.check(user=user, code=code)
    note(user, "login", face="api")
    return renewed_tokens(user)


def renewed_tokens(user: User) -> tokens.Pair:
    """A new family of tokens for somebody who is signed in already, after `sign_ins.end_all`."""
    family = uuid4()
    sign_ins.started(user=user, kind=SignIn.Kind.TOKEN, key=str(family))
    return tokens.issue(user, family=family)


def choose(*, request: HttpRequest, tenant: Tenant) -> None:
    """Which of the person's companies the session works in; the membership row decides at every request."""
    request.session[SESSION_TENANT] = tenant.pk


def finish(*, request: HttpRequest) -> None:
    """End the page session and the tokens that the same browser carries. Call in the sign-in scope."""
    user, tenant_id, key = request.user, request.session.get(SESSION_TENANT), request.session.session_key
    end_session(request)
    sign_ins.ended(key or "")
    tokens.revoke_access(request.COOKIES.get(ACCESS_COOKIE, ""))
    if isinstance(user, User):
        audit.record(action="logout", by=_actor(user), resource=user, tenant_id=tenant_id)
        commit.after(partial(access_topics.changed, *user.tenant_ids))


def note_logout(user: User) -> None:
    """The end of a sign-in by tokens; call in the sign-in scope."""
    note(user, "logout", face="api")
    commit.after(partial(access_topics.changed, *user.tenant_ids))


def companies_of(user: User) -> list[Membership]:
    """The person's memberships in active companies, active ones first."""
    with auth_scope():
        rows = Membership.objects.filter(user=user, tenant__status=Tenant.Status.ACTIVE).select_related("tenant")
        return sorted(rows, key=lambda row: (row.status != Membership.Status.ACTIVE, row.tenant.name))


def _begin_half(request: HttpRequest, user: User, wanted: str) -> None:
    """Whatever was signed in here before is over; the session names the person where nobody takes it for a sign-in."""
    sign_ins.ended(request.session.session_key or "")
    request.session.flush()
    mark = user.get_session_auth_hash()
    request.session[HALF] = {"user": str(user.pk), "mark": mark, "at": time.time(), "wanted": wanted}
    request.session.set_expiry(HALF_SECONDS)


def _note_session(request: HttpRequest, user: User) -> None:
    request.session[SESSION_SINCE] = time.time()
    request.session.set_expiry(None)
    sign_ins.started(user=user, kind=SignIn.Kind.SESSION, key=str(request.session.session_key))


def _actor(user: User) -> Actor:
    return Actor("user", str(user.pk), str(user))


def _note_refusal(email: str) -> None:
    """Seen by the companies of an account that exists, and by the platform for one that does not."""
    with auth_scope():
        user = User.objects.filter(email=email).first()
        if user is not None:
            note(user, "login.refused", outcome="refused")
        else:
            audit.record(action="login.refused", by=Actor("user", "", email), outcome="refused")


def _count(key: str, most: int) -> None:
    try:
        pipeline = client().pipeline()
        pipeline.set(key, 0, ex=WINDOW_SECONDS, nx=True)
        pipeline.incr(key)
        pipeline.ttl(key)
        _made, count, left = pipeline.execute()
    except redis.RedisError:
        logger.warning("sign-in attempts are counted in this process only: Redis does not answer")
        count, left = limits.local.add(key)
    if count > most:
        raise limits.too_many(left)


def _forget(key: str) -> None:
    limits.local.forget(key)
    try:
        client().delete(key)
    except redis.RedisError:
        return
