"""One-time links, the doors of other systems and the codes that a sign-in elsewhere sends back stay out of the log: their
token opens them, and a log is read by others than its owner."""

import logging
import re

_SLASH = r"(?:/|%2F)"
_TOKEN = re.compile(
    rf"(enlace{_SLASH}|entrada{_SLASH}[\w-]+{_SLASH}[\w-]+{_SLASH}|[?&](?:token|code|state)="
    rf"|agenda{_SLASH}ics{_SLASH}|archivos{_SLASH}enviado{_SLASH}|reservar{_SLASH}[\w-]+{_SLASH}cita{_SLASH})[A-Za-z0-9_\-.]{{8,}}",
    re.I,
)


def without_token(text: str) -> str:
    return _TOKEN.sub(r"\1…", text)


class LinkTokens(logging.Filter):
    """Takes the token out of addresses, in the message and in what is put into it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.msg, str):
            record.msg = without_token(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(without_token(each) if isinstance(each, str) else each for each in record.args)
        return True
