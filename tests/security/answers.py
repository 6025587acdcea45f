"""The security headers an answer must have."""

from typing import Any

from tenants.middleware.headers import PLAIN_HEADERS

SET = (*PLAIN_HEADERS, "Strict-Transport-Security")


def lacking(headers: Any, *, secure: bool = True) -> list[str]:
    """What is wrong with the headers of one answer."""
    given = {name.lower(): value for name, value in dict(headers).items()}
    wrong = [name for name in SET if name.lower() not in given and (secure or name != SET[-1])]
    policy = given.get("content-security-policy", "")
    wrong += [word for word in ("unsafe-inline", "unsafe-eval", "unsafe-hashes", " *", "http:") if word in policy]
    wrong += [f"no {each}" for each in ("default-src", "frame-ancestors 'none'") if each not in policy]
    if given.get("x-content-type-options") != "nosniff" or given.get("x-frame-options") != "DENY":
        wrong.append("odd values")
    return wrong
