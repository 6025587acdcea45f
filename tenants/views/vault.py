"""The company's keys. Values go in and never come out: the page shows names and last letters."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from config.lib.errors import AppError, NotFound
from tenants.access import page
from tenants.forms import KNOWN_NAMES, CredentialForm
from tenants.models import Credential
from tenants.requests import Request
from tenants.services.vault import put_credential, remove_credential


@page("credentials.write")
@sensitive_post_parameters("value")
@require_http_methods(["GET", "POST"])
def credentials(request: Request) -> HttpResponse:
    """Every stored key by name, and the form that adds or replaces one."""
    form = CredentialForm(request.POST or None, initial={"category": request.GET.get("category", "openai")})
    if request.method == "POST" and form.is_valid():
        try:
            put_credential(by=request.actor, **form.cleaned_data)
        except AppError as error:
            for field, words in error.fields.items():
                form.add_error(field if field in form.fields else None, str(words))
        else:
            return redirect("/credenciales/")
    rows = Credential.objects.filter(tenant_id=request.tenant.pk).order_by("category", "name")
    context = {"form": form, "rows": list(rows), "known_names": KNOWN_NAMES}
    return render(request, "tenants/credentials.html", context, status=422 if form.errors else 200)


@page("credentials.write")
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: Request, category: str, name: str) -> HttpResponse:
    """Asks first: a removed key cannot be brought back."""
    if request.method == "POST":
        remove_credential(category=category, name=name, by=request.actor)
        return redirect("/credenciales/")
    row = Credential.objects.filter(tenant_id=request.tenant.pk, category=category, name=name).first()
    if row is None:
        raise NotFound(_("No hay una credencial con ese nombre."))
    return render(request, "tenants/credential_remove.html", {"row": row})
