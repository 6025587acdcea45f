"""Telling who looked at personal data. A view says what it shows; how it ended is told after it has run.

What was shown is told in the transaction that read it; what was refused or failed, once that is undone.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, TypeVar

import redis
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from config.lib import commit
from config.lib.errors import AppError
from config.lib.redis import client
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.services import audit

logger = logging.getLogger(__name__)

# Whoever has one of these may read what is personal: every route that asks for one carries `audit_access`.
PERSONAL = frozenset(
    {
        "inbox.read",
        "inbox.write",
        "leads.read",
        "leads.write",
        "contacts.read",
        "contacts.write",
        "contacts.export",
        "contacts.erase",
        "clients.read",
        "clients.write",
        "tasks.read",
        "tasks.write",
        "agenda.read",
        "agenda.write",
        "leads.import",
        "leads.export",
        "leads.approve",
        "members.read",
        "members.write",
        "runs.read",
        "audit.read",
        "audit.export",
    }
)
# Tables with customers' words whose permission is about something else.
PERSONAL_MODELS = frozenset({"ingest.inboundevent", "live.idempotentrequest"})

OK, REFUSED, FAILED = "ok", "refused", "failed"
READING = frozenset({"GET", "HEAD"})
SEARCHES = frozenset({"q", "search"})
TOLD_ONCE_SECONDS = 300
AWAY_SECONDS = 4.0

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """`action` is the event's name; `kind` the model of what is shown; `resource` the URL's parameter with its id."""

    action: str
    resource: str
    kind: str
    always: bool = False


def audit_access(
    action: str, *, resource: str = "", kind: str = "", always: bool = False
) -> Callable[[Decorated], Decorated]:
    """Tell each access to what the view shows: `@audit_access("contact.viewed", resource="pk")`.

    On a page's function (outermost, so that the gate's refusals are seen), on a CompanyView, or on one of its verbs.
    `resource` names the URL's parameter with the id; without it the view shows a list. `kind` is the model's name where
    it is not the action's first word. One person's repeats from one address within five minutes are told once; refusals
    and failures always are, and everything with `always` (exports). Never the words of a search, only that there was one.
    A view may add to what is told with `details`.
    """
    access = Access(action, resource, kind or (action.partition(".")[0] if resource else ""), always)

    def decorate(view: Decorated) -> Decorated:
        if isinstance(view, type):
            view.dispatch = _watched(view.dispatch, access)  # type: ignore[attr-defined]  # a view's class
            view.audits = access  # type: ignore[attr-defined]  # read by the test of every route
            return view
        return _watched(view, access)

    return decorate


def audit_admin(view: Any) -> Callable[[Decorated], Decorated]:
    """The same for a view of a model's admin: told where its permission, or the model itself, is about people."""
    model_admin = getattr(view, "__self__", None)
    model = getattr(model_admin, "model", None)
    if model is None or not is_personal(model_admin):
        return lambda decorated: decorated
    name = model._meta.model_name
    if view.__name__ in ("changelist_view", "add_view"):
        return audit_access(f"{name}s.listed")
    return audit_access(f"{name}.viewed", resource="object_id", kind=name)


def is_personal(model_admin: Any) -> bool:
    """Whether a model's pages in the admin show what is personal."""
    permissions = {getattr(model_admin, "reads", ""), getattr(model_admin, "writes", "")}
    return bool(permissions & PERSONAL) or model_admin.model._meta.label_lower in PERSONAL_MODELS


def details(request: Any, **more: object) -> None:
    """Say more about this access in its event; nothing personal."""
    request.audit_details = more


def _watched(view: Any, access: Access) -> Any:
    @wraps(view)
    def watched(*args: Any, **kwargs: Any) -> Any:
        status = 500
        try:
            response = view(*args, **kwargs)
            status = response.status_code
            return response
        except (AppError, Http404, PermissionDenied) as error:
            status = _status_of(error)
            raise
        finally:
            _tell(_plain(args), access, kwargs, status)

    watched.audits = access  # type: ignore[attr-defined]  # read by the test of every route
    return watched


def _plain(args: tuple[Any, ...]) -> Any:
    """Django's request, whether the view is a function, a method, or a verb of the REST framework."""
    request = args[0] if isinstance(args[0], HttpRequest) else args[1]
    return getattr(request, "_request", request)


def _status_of(error: AppError | Http404 | PermissionDenied) -> int:
    if isinstance(error, AppError):
        return error.status
    return 404 if isinstance(error, Http404) else 403


def _tell(request: Any, access: Access, kwargs: dict[str, Any], status: int) -> None:
    if connection.tenant is None:  # a stranger, sent to sign in: no company's data was in reach
        return
    by = who(request)
    if by is None:
        return
    resource = (access.kind, str(kwargs.get(access.resource, "")) if access.resource else "")
    reading = request.method in READING
    if 200 <= status < 300 or status == 304:
        if reading:  # what an act changes is told by its service
            searched = {"search": True} if _searched(request) else {}
            _tell_once(access, by, resource, {**searched, **getattr(request, "audit_details", {})})
    elif status in (403, 404) or status >= 500:
        request.told = True
        told: dict[str, Any] = {} if reading else {"method": str(request.method)}
        outcome = FAILED if status >= 500 else REFUSED
        audit.log_security_event(action=access.action, by=by, outcome=outcome, resource=resource, **told)


def who(request: Any) -> Actor | None:
    """The member, also one who waits or is suspended; None for somebody the company does not know."""
    if request.member is not None:
        found: Actor = request.actor
        return found
    membership = request.membership
    return Actor("user", str(membership.user_id), str(membership.user)) if membership is not None else None


def _searched(request: HttpRequest) -> bool:
    return any(request.GET.get(name) for name in SEARCHES)


def _tell_once(access: Access, by: Actor, resource: tuple[str, str], diff: dict[str, Any]) -> None:
    event: dict[str, Any] = {"action": access.action, "by": by, "resource": resource, "diff": diff}
    if access.always:
        audit.record(**event)
        return
    where = f"{connection.tenant_id}:{audit.ORIGIN.get().ip}"
    key = f"audit:told:{where}:{by.kind}:{by.id}:{by.label}:{access.action}:{resource[1]}:{'search' in diff}"
    if lately.told(key):
        return
    audit.record(**event)
    commit.after(partial(lately.tell, key, TOLD_ONCE_SECONDS))  # not before it is surely in the trail


class Lately:
    """What was told a moment ago, in Redis. While it is away everything is told, and it is left alone for a while."""

    def __init__(self) -> None:
        self._away_until = 0.0

    def told(self, key: str) -> bool:
        return bool(self._ask(lambda: client().exists(key)))

    def tell(self, key: str, seconds: int) -> None:
        self._ask(lambda: client().set(key, "1", ex=seconds))

    def first(self, key: str, seconds: int) -> bool:
        """Whether nobody told it within `seconds`; from now on somebody has."""
        answer = self._ask(lambda: client().set(key, "1", nx=True, ex=max(1, seconds)) or "no")
        return answer != "no"

    def _ask(self, question: Callable[[], Any]) -> Any:
        if time.monotonic() < self._away_until:
            return None
        try:
            return question()
        except redis.RedisError:
            self._away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("every access is told: Redis does not answer")
            return None


lately = Lately()
