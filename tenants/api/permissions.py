from typing import TYPE_CHECKING, NoReturn, cast

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS, BasePermission

from config.lib.errors import Forbidden
from tenants import identity
from tenants.access import company_rests
from tenants.context import auth_scope
from tenants.domain import roles
from tenants.identity import Claim
from tenants.models import Membership, User
from tenants.services import visits

if TYPE_CHECKING:  # the framework loads this module while it loads its views
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from tenants.requests import Request as MemberRequest


class HasPermission(BasePermission):
    """The view's `reads` and `writes` name permissions of the one table; a view that names none refuses everybody."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        plain = cast("MemberRequest", request._request)
        if plain.member is None:
            if plain.lacks_factor:
                raise Forbidden(
                    _("Esta empresa pide un segundo factor. Se activa en Seguridad."), code="otp_enrolment_required"
                )
            refuse(plain.membership, plain.claim)
        visits.note(plain)
        wanted: str | None = getattr(view, "reads" if request.method in SAFE_METHODS else "writes", None)
        if plain.claim is not None and plain.claim.kind == identity.KEY:
            if getattr(view, "people_only", False) or wanted in roles.PEOPLE_ONLY:
                refuse_key()
            if wanted is not None and wanted not in plain.claim.scopes:
                scope = roles.scopes_of([wanted])[0]
                words = _("A esta clave le falta el permiso %(scope)s.") % {"scope": scope}
                raise Forbidden(words, code="missing_scope", fields={"scope": scope})
        return wanted is not None and plain.member.may(wanted)


def refuse_key() -> NoReturn:
    """What needs a person at the screen, whatever the key was given."""
    raise Forbidden(_("Esto lo hace una persona: con una clave no se puede."), code="people_only")


def refuse(membership: Membership | None, claimed: Claim | None) -> NoReturn:
    """401 for strangers and ended sign-ins; 403 for a person whose membership waits, rests or does not exist."""
    if membership is not None and membership.status != Membership.Status.ACTIVE:
        raise Forbidden(_("El acceso a esta empresa no está activo."), code=membership.status)
    if company_rests(claimed):
        raise Forbidden(_("La empresa está suspendida."), code="company_suspended")
    if claimed is not None:
        with auth_scope():
            known = User.objects.filter(pk=claimed.user_id).first()
        if known is not None and claimed.fits(known):
            raise Forbidden(_("No es miembro de esa empresa."), code="not_a_member")
    raise exceptions.NotAuthenticated(_("Hay que ingresar."))
