"""The description of the API and its page; both public and without a database."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from config.lib.errors import NotFound
from tenants.access import open_page, refusal_page
from tenants.live.idempotency import LONGEST_KEY
from tenants.requests import Request


class Schema(SpectacularAPIView):
    scope = "none"


class Docs(SpectacularSwaggerSplitView):
    """Its script comes from an address of its own, so that the strict content policy holds."""

    scope = "none"
    url_name = "api-schema"
    template_name = "tenants/api_docs.html"


@csrf_exempt
@open_page
def nowhere(request: Request) -> HttpResponse:
    """Unknown addresses and malformed ids answer in the one shape of errors."""
    return refusal_page(request, NotFound(_("No existe.")))


ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string", "description": "For a person, in their language."},
                "fields": {"type": "object", "additionalProperties": {}},
            },
        }
    },
}


def with_errors(result: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Every operation may also answer with an error, always in one shape; every write takes an Idempotency-Key."""
    result["components"]["schemas"]["Error"] = ERROR
    answer = {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    key = {"in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "maxLength": LONGEST_KEY}}
    for path, verbs in result["paths"].items():
        for verb, operation in verbs.items():
            operation["responses"]["default"] = answer
            operation["summary"] = operation["description"].split(". ")[0].rstrip(".")
            if verb != "get" and "/auth/" not in path:
                operation.setdefault("parameters", []).append(key)
    return result
