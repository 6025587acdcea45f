"""Addresses of the API, written once and answered with and without the last slash."""

import re
from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.views import APIView

KINDS = {"pk": "[0-9a-fA-F-]{36}"}
WORD = "[A-Za-z0-9_@-]{1,128}"


def route(pattern: str, view: type[APIView], name: str = "", **initial: Any) -> URLPattern:
    """`route("leads/<pk>/stage", MoveLead)`. A malformed id leads nowhere, which is a 404."""
    named = re.sub(r"<(\w+)>", lambda found: f"(?P<{found[1]}>{KINDS.get(found[1], WORD)})", pattern.strip("/"))
    return re_path(f"^{named}/?$", view.as_view(**initial), name=name or None)
