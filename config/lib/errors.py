"""One root for refusals that a person may read; each face maps it once (page, JSON, tool result, task)."""

from collections.abc import Mapping

from django.utils.functional import Promise

Text = str | Promise


class AppError(Exception):
    """A refusal in plain words. `fields` maps a field name to what is wrong with it."""

    code = "invalid"
    status = 400

    def __init__(
        self, message: Text, *, code: str = "", status: int = 0, fields: Mapping[str, Text] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status
        self.fields = dict(fields or {})


class NotFound(AppError):
    code, status = "not_found", 404


class Forbidden(AppError):
    code, status = "forbidden", 403


class Conflict(AppError):
    code, status = "conflict", 409


class Invalid(AppError):
    code, status = "invalid", 422


class RateLimited(AppError):
    """`retry_after` in seconds."""

    code, status = "rate_limited", 429

    def __init__(self, message: Text, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ProviderError(Exception):
    """A failed call to something outside.

    `kind`: `retry` (nothing happened, try later), `permanent` (never works), `auth` (credential dead),
    `window` (policy of the channel forbids it now), `unknown` (it may have happened: never repeat blindly).
    `retry_after` in seconds, when the provider named it.
    """

    def __init__(self, message: str, *, kind: str, code: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind
        self.code = code
        self.retry_after = retry_after
