"""Inside `silence` nobody outside is called: what is rehearsed has no effect outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.utils.translation import gettext as _

from config.lib.errors import ProviderError

_silent: ContextVar[bool] = ContextVar("silent", default=False)


@contextmanager
def silence() -> Iterator[None]:
    """For this thread; threads that are begun inside do not know of it."""
    before = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(before)


def is_silent() -> bool:
    """Whether this thread stands inside `silence`."""
    return _silent.get()


def check() -> None:
    """Raises ProviderError inside `silence`."""
    if is_silent():
        message = _("En un ensayo no se llama a ningún servicio externo.")
        raise ProviderError(message, kind="permanent", code="rehearsal")
