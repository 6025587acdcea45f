"""Signing in: one limit and one answer for page, API and tokens; nothing tells whether an account exists."""

import hashlib
import logging
import math
import threading
import time
from functools import partial

import redis
from django.contrib.auth import authenticate
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.http import HttpRequest
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, RateLimited
from config.lib.redis import client
from tenants.context import auth_scope
from tenants.domain.actor import Actor
from tenants.identity import ACCESS_COOKIE, SESSION_TENANT
from tenants.live import admission
from tenants.models import Membership, Tenant, User
from tenants.services import audit, tokens

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
TRIES_PER_ACCOUNT = 5
TRIES_PER_ADDRESS = 60  # an office behind one address signs in on Monday morning


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


def begin(*, request: HttpRequest, user: User, tenant: Tenant | None) -> None:
    """Start the page session; its key changes, so an older one cannot be reused."""
    start_session(request, user, backend="tenants.backends.EmailBackend")
    request.session.cycle_key()  # also when the same person signs in again
    if tenant is not None:
        choose(request=request, tenant=tenant)
    with auth_scope():
        audit.record(
            action="login",
            by=_actor(user),
            resource=user,
            tenant_id=tenant.pk if tenant else None,
        )


def choose(*, request: HttpRequest, tenant: Tenant) -> None:
    """Which of the person's companies the session works in; the membership row decides at every request."""
    request.session[SESSION_TENANT] = tenant.pk


def finish(*, request: HttpRequest) -> None:
    """End the page session and the tokens that the same browser carries."""
    user, tenant_id = request.user, request.session.get(SESSION_TENANT)
    end_session(request)
    with auth_scope():
        tokens.revoke_access(request.COOKIES.get(ACCESS_COOKIE, ""))
    if isinstance(user, User):
        with auth_scope():
            audit.record(action="logout", by=_actor(user), resource=user, tenant_id=tenant_id)
            commit.after(partial(admission.changed, *user.tenant_ids))


def note_login(user: User) -> None:
    """A sign-in for tokens, seen by each of the person's companies; call in the sign-in scope."""
    for tenant_id in _companies(user):
        audit.record(action="login", by=_actor(user), resource=user, tenant_id=tenant_id, diff={"face": "api"})


def note_logout(user: User) -> None:
    """The end of a sign-in by tokens; call in the sign-in scope."""
    for tenant_id in _companies(user):
        audit.record(action="logout", by=_actor(user), resource=user, tenant_id=tenant_id, diff={"face": "api"})


def companies_of(user: User) -> list[Membership]:
    """The person's memberships in active companies, active ones first."""
    with auth_scope():
        rows = Membership.objects.filter(user=user, tenant__status=Tenant.Status.ACTIVE).select_related("tenant")
        return sorted(rows, key=lambda row: (row.status != Membership.Status.ACTIVE, row.tenant.name))


def _actor(user: User) -> Actor:
    return Actor("user", str(user.pk), str(user))


def _companies(user: User | None) -> list[int | None]:
    """Whose trail it belongs to; [None] is the platform's."""
    return list(user.tenant_ids) if user and user.tenant_ids else [None]


def _note_refusal(email: str) -> None:
    """Seen by the companies of an account that exists, and by the platform for one that does not."""
    with auth_scope():
        user = User.objects.filter(email=email).first()
        by = _actor(user) if user else Actor("user", "", email)
        for tenant_id in _companies(user):
            audit.record(action="login.refused", by=by, resource=user, outcome="refused", tenant_id=tenant_id)


def _count(key: str, most: int) -> None:
    try:
        pipeline = client().pipeline()
        pipeline.set(key, 0, ex=WINDOW_SECONDS, nx=True)
        pipeline.incr(key)
        pipeline.ttl(key)
        _made, count, left = pipeline.execute()
    except redis.RedisError:
        logger.warning("sign-in attempts are counted in this process only: Redis does not answer")
        count, left = _local.add(key)
    if count > most:
        seconds = max(1, left)
        raise RateLimited(
            _("Demasiados intentos. Esperar %(seconds)d segundos y probar de nuevo.") % {"seconds": seconds},
            retry_after=seconds,
        )


class _LocalCounts:
    """Counts of this process for the time that Redis is away: the limit stays, only the counting is coarser."""

    MOST_KEYS = 10_000

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}

    def add(self, key: str) -> tuple[int, int]:
        """(count with this attempt, seconds until it starts anew)."""
        now = time.monotonic()
        with self._lock:
            if len(self._counts) >= self.MOST_KEYS:
                self._counts = {name: entry for name, entry in self._counts.items() if entry[1] > now}
            count, until = self._counts.get(key, (0, 0.0))
            if until <= now:
                count, until = 0, now + WINDOW_SECONDS
            self._counts[key] = (count + 1, until)
            return count + 1, math.ceil(until - now)

    def forget(self, key: str) -> None:
        with self._lock:
            self._counts.pop(key, None)


_local = _LocalCounts()


def _forget(key: str) -> None:
    _local.forget(key)
    try:
        client().delete(key)
    except redis.RedisError:
        return
