"""The form that visitors fill in, on a page of its own or inside a company's site."""

import hashlib
import json

from csp.decorators import csp_replace
from django.core import signing
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from config.lib.errors import NotFound, RateLimited
from crm.domain import attribution
from crm.forms.inbound_forms import TRAP, PublicForm
from crm.models import InboundForm
from crm.services import submissions
from crm.services.submissions import BLOCKED, ROBOT, Arrival, Outcome
from crm.views.doors import door, too_large
from tenants.context import current_tenant
from tenants.requests import Request
from tenants.services import limits
from tenants.services.client_address import client_ip

LEAST_SECONDS = 2  # nobody reads and fills in a form more quickly
DONE = "listo"
# Said in the visitor's language, also where the company is known: nothing tells the cases apart.
NOWHERE = gettext_lazy("Este formulario no existe o ya no está abierto.")


@door(InboundForm.Kind.FORM)
@require_http_methods(["GET", "HEAD", "POST"])
def public_form(request: Request, opened: InboundForm | None) -> HttpResponseBase:
    """Shown, sent, thanked for. What was written stays after an error."""
    if opened is None:
        raise NotFound(NOWHERE)
    if request.method == "POST":
        return _framed(request, opened, _sent(request, opened))
    if DONE in request.GET:
        return _framed(request, opened, _page(request, opened, thanks=True))
    form = PublicForm(
        door=opened, initial={"started": _stamp(opened), "referrer": request.headers.get("Referer", "")[:500]}
    )
    return _framed(request, opened, _page(request, opened, form=form))


def _sent(request: Request, opened: InboundForm) -> HttpResponse:
    if too_large(request):
        return _page(request, opened, form=_anew(request, opened, {}), refusal=_("Es demasiado largo."), status=413)
    form = PublicForm(request.POST, door=opened)
    try:
        limits.check("public", current_tenant().pk, opened.pk, client_ip(request))
    except RateLimited as error:
        answer = _page(request, opened, form=form, refusal=str(error.message), status=429)
        answer["Retry-After"] = str(error.retry_after)
        return answer
    if not form.is_valid():
        return _page(request, opened, form=form, status=422)
    trapped = bool(form.cleaned_data[TRAP])
    if not trapped and _too_quick(opened, form.cleaned_data["started"]):
        words = _("Se envió demasiado rápido. Revisar los datos y enviar de nuevo.")
        return _page(request, opened, form=_anew(request, opened, request.POST.dict()), refusal=words, status=422)
    outcome = submissions.take(form=opened, arrival=_arrival(request, form, trapped=trapped))
    if not outcome.accepted and not _quietly(outcome):
        for name, why in outcome.fields.items():
            form.add_error(name if name in form.fields else None, str(why))
        return _page(request, opened, form=form, status=422)
    query = "?" + "&".join([DONE, *(["embed=1"] if _embedded(request, opened) else [])])
    return HttpResponse(status=303, headers={"Location": request.path + query})


def _quietly(outcome: Outcome) -> bool:
    """Programs and blocked people are thanked like everybody: they learn nothing."""
    return outcome.repeated or outcome.code in (BLOCKED, ROBOT)


def _arrival(request: Request, form: PublicForm, *, trapped: bool) -> Arrival:
    values = form.values()
    referrer = form.cleaned_data["referrer"]
    came = attribution.of_params(request.GET, page=request.build_absolute_uri(request.path), referrer=referrer)
    # The same page sent twice with the same words (an impatient finger, a reload) is one message.
    words = json.dumps([form.cleaned_data["started"], values], sort_keys=True, default=str)
    return Arrival(
        values=values,
        payload={**values, **{name: request.GET[name] for name in attribution.PARAMS if request.GET.get(name)}},
        attribution=came,
        external_id=hashlib.sha256(words.encode(errors="replace")).hexdigest(),
        trapped=trapped,
    )


# --- the moment it was opened ------------------------------------------------------------------------------------


def _signer(opened: InboundForm) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"form:{current_tenant().pk}:{opened.pk}")


def _stamp(opened: InboundForm) -> str:
    return _signer(opened).sign("1")


def _too_quick(opened: InboundForm, stamp: str) -> bool:
    """Whether it was opened a moment ago, or not by us."""
    try:
        _signer(opened).unsign(stamp, max_age=LEAST_SECONDS)
    except signing.SignatureExpired:
        return False
    except signing.BadSignature:
        return True
    return True


def _anew(request: Request, opened: InboundForm, said: dict[str, str]) -> PublicForm:
    """The form as it was filled in, with the clock started again."""
    return PublicForm({**said, "started": _stamp(opened)}, door=opened) if said else PublicForm(door=opened)


# --- answers -----------------------------------------------------------------------------------------------------


def _page(
    request: Request,
    opened: InboundForm,
    *,
    form: PublicForm | None = None,
    refusal: str = "",
    thanks: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "door": opened,
        "company": current_tenant(),
        "form": form,
        "refusal": refusal,
        "thanks": thanks,
        "embedded": _embedded(request, opened),
        "again": request.get_full_path(),
    }
    return render(request, "crm/public_form.html", context, status=status)


def _embedded(request: Request, opened: InboundForm) -> bool:
    return "embed" in request.GET and bool(opened.allowed_domains)


def _framed(request: Request, opened: InboundForm, answer: HttpResponse) -> HttpResponseBase:
    """May stand inside a page of the company's own sites, and of nobody else.

    X-Frame-Options stays: browsers pass it over where the policy names its frames (CSP level 2, "frame-ancestors").
    """
    if not _embedded(request, opened):
        return answer
    named = csp_replace({"frame-ancestors": list(opened.allowed_domains)})
    return named(lambda _request: answer)(request)
