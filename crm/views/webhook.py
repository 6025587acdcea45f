"""Where another system hands leads in: JSON or a form, with the token of that door."""

import json
from typing import Any

from django.http import HttpResponse, JsonResponse, QueryDict
from django.utils.translation import gettext as _

from config.lib.errors import AppError, Invalid, NotFound, RateLimited
from crm.domain import attribution
from crm.domain import form_fields as shapes
from crm.models import InboundForm
from crm.services import inbound_forms, submissions
from crm.services.submissions import Arrival, Outcome
from crm.views.doors import MOST_BYTES, door, too_large
from tenants.context import current_tenant
from tenants.requests import Request
from tenants.services import limits

FORM_ENCODED = "application/x-www-form-urlencoded"
LONGEST_SHOWN = 2000  # of a body that could not be read, kept so that somebody may see what came


class Unauthorised(AppError):
    code, status = "unauthorized", 401


@door(InboundForm.Kind.WEBHOOK)
def webhook(request: Request, opened: InboundForm | None, token: str = "") -> HttpResponse:
    """201 with the lead, 200 for a message that was taken before, 422 with what was wrong."""
    try:
        if request.method != "POST":
            answer = _refused(AppError(_("Esta dirección solo recibe."), code="method_not_allowed", status=405))
            answer["Allow"] = "POST"
            return answer
        return _taken(request, _admitted(request, opened, token))
    except AppError as error:
        return _refused(error)


def _admitted(request: Request, opened: InboundForm | None, token: str) -> InboundForm:
    """The door, once the token fits it. Raises NotFound, Unauthorised, RateLimited or 413."""
    if opened is None:
        raise NotFound(_("No hay ninguna entrada en esta dirección."))
    if "token" in request.GET:
        # An address with its query is written down by every proxy on the way.
        raise Unauthorised(_("La clave va en la cabecera Authorization o al final de la dirección."))
    scheme, _space, bearer = request.headers.get("Authorization", "").partition(" ")
    given = token or request.headers.get("X-Token", "") or (bearer if scheme.lower() == "bearer" else "")
    if not inbound_forms.token_fits(opened, given.strip()):
        raise Unauthorised(_("La clave no es la de esta entrada."))
    limits.check("inbound", current_tenant().pk, opened.pk)
    if too_large(request):
        raise AppError(_("El mensaje es demasiado grande."), code="too_large", status=413)
    return opened


def _taken(request: Request, opened: InboundForm) -> HttpResponse:
    try:
        payload = _read(request)
    except Invalid as error:
        shown = shapes.plain(request.body[:LONGEST_SHOWN].decode(errors="replace"), longest=LONGEST_SHOWN, lines=True)
        submissions.refuse(form=opened, payload=shown, reason=str(error.message))
        raise
    values = shapes.mapped(payload, opened.fields)
    key = request.headers.get("Idempotency-Key", "") or values.get(shapes.EXTERNAL_ID) or ""
    params = payload if isinstance(payload, dict) else {}
    outcome = submissions.take(
        form=opened,
        arrival=Arrival(
            values=values, payload=payload, attribution=attribution.of_params(params), external_id=str(key)[:500]
        ),
    )
    return _answer(outcome)


def _read(request: Request) -> Any:
    """The message as values. Raises Invalid."""
    body = request.body
    if len(body) > MOST_BYTES:
        raise Invalid(_("El mensaje es demasiado grande."), code="too_large", status=413)
    kind = (request.content_type or "").lower()
    if kind == FORM_ENCODED:
        return _of_form(QueryDict(body, encoding="utf-8"))
    if kind.startswith("multipart/"):
        raise Invalid(_("Se espera JSON o un formulario simple."), status=415)
    try:
        payload = json.loads(body.decode(), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise Invalid(_("El contenido no es JSON válido."), code="bad_json") from error
    if not isinstance(payload, dict | list):
        raise Invalid(_("El contenido no es JSON válido."), code="bad_json")
    return payload


def _of_form(sent: QueryDict) -> dict[str, Any]:
    return {name: values if len(values) > 1 else values[0] for name, values in sent.lists() if values}


def _no_number(name: str) -> None:
    raise ValueError(name)


def _answer(outcome: Outcome) -> HttpResponse:
    row = outcome.submission
    if outcome.repeated or outcome.accepted:
        made = {"lead": row.lead_id, "contact": row.contact_id, "submission": row.pk}
        return JsonResponse(made, status=200 if outcome.repeated else 201)
    fields = {name: str(words) for name, words in outcome.fields.items() if name}
    error = {"code": outcome.code or "invalid", "message": row.error, "fields": fields}
    return JsonResponse({"error": error, "submission": row.pk}, status=422)


def _refused(error: AppError) -> HttpResponse:
    fields = {name: str(words) for name, words in error.fields.items()}
    body = {"error": {"code": error.code, "message": str(error.message), "fields": fields}}
    answer = JsonResponse(body, status=error.status)
    if isinstance(error, RateLimited):
        answer["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer
