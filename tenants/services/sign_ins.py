"""The browsers and integrations that somebody is signed in with: noted, listed, ended. Call in the sign-in scope."""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import DatabaseError, InterfaceError
from django.db.models import CharField, Exists, F, OuterRef, Q, Subquery
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import NotFound
from config.lib.ids import as_uuid
from tenants.context import auth_scope
from tenants.identity import Claim
from tenants.live import access_topics
from tenants.models import RefreshToken, SignIn, User
from tenants.models.user import fresh_mark
from tenants.services import audit, tokens
from tenants.services.person_trail import note
from tenants.sessions import SessionStore

logger = logging.getLogger(__name__)

SEEN_SECONDS = 300  # how exact "last seen" is
MOST_REMEMBERED = 10_000
WARNED = timedelta(days=30)  # how long the page speaks of a copied token
KEPT = timedelta(days=90)
MOST_SHOWN = 200
_seen: dict[str, float] = {}  # of this process: sign-in → when its row was last renewed


@dataclass(frozen=True)
class Place:
    """A sign-in as its person sees it. `browser` and `system` are names, empty where the agent tells nothing known."""

    row: SignIn
    browser: str
    system: str
    current: bool


@dataclass(frozen=True)
class Overview:
    """`reused`: closed lately because a refresh token came twice, so that somebody may have copied it."""

    places: list[Place]
    reused: list[Place]


# The first that the agent's text names; those that pretend to be others come first.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
    ("python", "Python"),
    ("Postman", "Postman"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def started(*, user: User, kind: str, key: str) -> SignIn:
    """Note a sign-in from where the present request comes; `key` is the session's key or the token family."""
    origin = audit.ORIGIN.get()
    return SignIn.objects.create(user=user, kind=kind, key=key, ip=origin.ip, agent=_plain(origin.agent)[:200])


def moved(*, old: str | None, new: str) -> None:
    """The session goes on under another key."""
    SignIn.objects.filter(key=old or "").update(key=new)


def ended(key: str) -> None:
    """The session of this key is over."""
    SignIn.objects.filter(key=key, ended_at=None).update(ended_at=timezone.now())


def seen(claimed: Claim | None) -> None:
    """Renew "last seen", at most every five minutes. Opens its own transaction, and never stops a request."""
    if claimed is None or not claimed.sign_in or claimed.since is None:
        return
    now = time.time()
    if now - _seen.get(claimed.sign_in, claimed.since) < SEEN_SECONDS:
        return
    if len(_seen) >= MOST_REMEMBERED:
        _seen.clear()
    _seen[claimed.sign_in] = now
    moment = timezone.now()
    old = moment - timedelta(seconds=SEEN_SECONDS)
    try:
        with auth_scope():
            SignIn.objects.filter(key=claimed.sign_in, ended_at=None, seen_at__lt=old).update(seen_at=moment)
    except (DatabaseError, InterfaceError):
        logger.warning("when a sign-in was last seen could not be noted")


def overview(user: User, current: str = "") -> Overview:
    """What is signed in now and what was closed for the person's safety; `current` is the present one's key.

    One statement. Alive is what the session or token itself says, so that nothing dead is shown whatever ended it.
    """
    now = timezone.now()
    mine = RefreshToken.objects.filter(user=user).annotate(key=Cast("family", CharField())).filter(key=OuterRef("key"))
    usable = mine.filter(revoked_at=None, expires_at__gt=now, password_mark=tokens.password_mark(user))
    # Used at the very moment its family ended: that use was what ended it.
    used_twice = mine.filter(revoked_at__gte=now - WARNED, used_at__gte=F("revoked_at"))
    session = Session.objects.filter(session_key=OuterRef("key"), expire_date__gt=now).values("session_data")
    rows = SignIn.objects.filter(Q(ended_at=None) | Q(ended_at__gte=now - WARNED), user=user)
    rows = rows.annotate(usable=Exists(usable), used_twice=Exists(used_twice), data=Subquery(session[:1]))
    found: list[Any] = list(rows.order_by("-seen_at")[:MOST_SHOWN])
    alive = [_place(row, current) for row in found if row.ended_at is None and (row.usable or _fits(user, row.data))]
    reused = [_place(row, current) for row in found if row.used_twice]
    return Overview(sorted(alive, key=lambda place: not place.current), reused)


def end(*, user: User, pk: UUID, current: str = "") -> bool:
    """End one of the person's sign-ins; True when it was the present one. Raises NotFound for anybody else's."""
    row = SignIn.objects.filter(user=user, pk=pk, ended_at=None).first()
    if row is None:
        raise NotFound(_("Esa sesión no existe o ya terminó."))
    _close([row])
    _tell(user, [row])
    return row.key == current


def end_others(*, user: User, current: str) -> int:
    """End every sign-in of the person but the present one; how many."""
    rows = list(SignIn.objects.filter(user=user, ended_at=None).exclude(key=current))
    _close(rows)
    _tell(user, rows)
    return len(rows)


def end_all(user: User) -> None:
    """End every session and token of the person, also those that nobody noted: their mark fits no longer.

    For a new password or second factor. Whoever is at the page goes on with `sign_in.renew`.
    """
    user.access_mark = fresh_mark()
    user.save(update_fields=["access_mark"])
    _close(list(SignIn.objects.filter(user=user, ended_at=None)))
    commit.after(partial(access_topics.changed, *user.tenant_ids))


def forget_old(now: datetime) -> int:
    """Drop what is past: expired tokens and sessions, sign-ins nobody asks about any more. Returns how many rows went."""
    gone = RefreshToken.objects.filter(expires_at__lt=now).delete()[0]
    gone += Session.objects.filter(expire_date__lt=now).delete()[0]
    return gone + SignIn.objects.filter(seen_at__lt=now - KEPT).delete()[0]


def _close(rows: list[SignIn]) -> None:
    now = timezone.now()
    SignIn.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=now)
    for row in rows:
        family = as_uuid(row.key) if row.kind == SignIn.Kind.TOKEN else None
        if family is not None:
            tokens.revoke_family(family, now)
        elif row.kind == SignIn.Kind.SESSION:
            SessionStore().delete(row.key)


def _tell(user: User, rows: list[SignIn]) -> None:
    if rows:
        note(user, "session.ended", ended=len(rows))
    commit.after(partial(access_topics.changed, *user.tenant_ids))


def _fits(user: User, session_data: str | None) -> bool:
    """Whether a session is still this person's, with the password and second factor of now."""
    data = SessionStore().decode(session_data) if session_data else {}
    return constant_time_compare(str(data.get(HASH_SESSION_KEY, "")), user.get_session_auth_hash())


def _place(row: SignIn, current: str) -> Place:
    return Place(row, _first(BROWSERS, row.agent), _first(SYSTEMS, row.agent), row.key == current)


def _first(table: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for sign, name in table if sign.lower() in agent.lower()), "")


def _plain(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())
