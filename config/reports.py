"""`/csp-report/`: browsers tell which rule of our content policy a page broke. One short line each, and not many."""

import json
import logging
import re
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tenants.access import open_page

log = logging.getLogger("security.csp")

MOST_BYTES = 16 * 1024
LINES_PER_MINUTE = 30  # in one process: whoever sends more fills no log
MOST_REPORTS = 5  # of one request
_NAMES = re.compile(r"[0-9a-fA-F-]{8,}|\d+")  # keys of rows in an address
_ODD = re.compile(r"[^A-Za-z0-9 _.:/*'-]")


class Rate:
    """So many in a minute that begins with the first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._count, self._until = 0, 0.0

    def take(self) -> bool:
        now = time.monotonic()
        with self._lock:
            if now >= self._until:
                self._count, self._until = 0, now + 60
            self._count += 1
            return self._count <= self._most


rate = Rate(LINES_PER_MINUTE)


@csrf_exempt
@open_page
@require_POST
def csp(request: HttpRequest) -> HttpResponse:
    """Takes both forms, `report-uri` and `report-to`. 204 whatever it says, 413 when it says too much."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if length.isdecimal() and int(length[:20]) > MOST_BYTES:
        return HttpResponse(status=413)
    for report in _reports(request.body)[:MOST_REPORTS]:
        if rate.take():
            log.warning(
                "page %s: %s refused %s",
                _place(report.get("document-uri") or report.get("documentURL")),
                _word(report.get("effective-directive") or report.get("effectiveDirective")),
                _source(report.get("blocked-uri") or report.get("blockedURL")),
            )
    return HttpResponse(status=204)


def _reports(raw: bytes) -> list[dict[str, Any]]:
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    entries = given if isinstance(given, list) else [given]
    bodies = (entry.get("csp-report") or entry.get("body") for entry in entries if isinstance(entry, dict))
    return [body for body in bodies if isinstance(body, dict)]


def _place(address: object) -> str:
    """The page's path without what names a row, a person or a secret."""
    return _NAMES.sub("…", _word(_split(address)[2])) or "-"


def _source(address: object) -> str:
    """Where the refused thing came from: scheme and host, or a word such as "inline"."""
    scheme, host, path = _split(address)
    return _word(f"{scheme}://{host}" if host else scheme or path) or "-"


def _split(address: object) -> tuple[str, str, str]:
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        return parts.scheme, parts.hostname or "", parts.path
    except ValueError:
        return "", "", ""


def _word(text: object) -> str:
    return _ODD.sub("?", text[:120]) if isinstance(text, str) else "-"
