from typing import TYPE_CHECKING, NoReturn, cast

from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS, BasePermission

from config.lib.errors import Forbidden
from tenants import identity
from tenants.context import auth_scope
from tenants.identity import Claim
from tenants.models import Membership

if TYPE_CHECKING:  # the framework loads this module while it loads its views
    from rest_framework.request import Request
    from rest_framework.views import APIView

    from tenants.requests import Request as MemberRequest


class HasPermission(BasePermission):
    """The view's `reads` and `writes` name permissions of the one table; a view that names none refuses everybody."""

    def has_permission(self, request: "Request", view: "APIView") -> bool:
        plain = cast("MemberRequest", request._request)
        if plain.member is None:
            refuse(plain.membership, plain.claim)
        wanted: str | None = getattr(view, "reads" if request.method in SAFE_METHODS else "writes", None)
        return wanted is not None and plain.member.may(wanted)


def refuse(membership: Membership | None, claimed: Claim | None) -> NoReturn:
    """401 for strangers and ended sign-ins; 403 for a person whose membership waits, rests or does not exist."""
    if membership is not None and membership.status != Membership.Status.ACTIVE:
        raise Forbidden(_("El acceso a esta empresa no está activo."), code=membership.status)
    if claimed is not None:
        with auth_scope():
            known = identity.person(claimed)
        if known is not None:
            raise Forbidden(_("No es miembro de esa empresa."), code="not_a_member")
    raise exceptions.NotAuthenticated(_("Hay que ingresar."))
