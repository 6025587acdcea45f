"""Members, invitations and registration through the API."""

from typing import Any

from django.db.models import Q
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from tenants.api.auth import AuthView, PersonOut
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access
from tenants.context import auth_scope
from tenants.domain import roles
from tenants.models import Membership, OneTimeLink
from tenants.services import invitations, limits, people, registration
from tenants.services.client_address import client_ip


class MemberOut(serializers.Serializer):
    id = serializers.UUIDField()
    user = PersonOut()
    role = serializers.CharField()
    status = serializers.CharField()
    scope = serializers.CharField(help_text='Whose leads and chats they see: own, team, all; "" as the role has it.')
    team = serializers.UUIDField(source="team_id", allow_null=True)
    created_at = serializers.DateTimeField()


class RoleBody(serializers.Serializer):
    role = serializers.ChoiceField(choices=roles.ROLES)


class ScopeBody(serializers.Serializer):
    scope = serializers.ChoiceField(choices=["", *roles.SCOPES])
    team = serializers.UUIDField(required=False, allow_null=True)


class LinkOut(serializers.Serializer):
    url = serializers.URLField(help_text="Shown this once; earlier links of the same person stop working.")


class InvitationBody(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=roles.ROLES)


class InvitationOut(serializers.Serializer):
    """`state`: waiting, queued, sent, undeliverable, copied, accepted, revoked or expired; `reason` in words."""

    id = serializers.UUIDField()
    email = serializers.EmailField()
    role = serializers.CharField()
    state = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    def get_state(self, row: OneTimeLink) -> str:
        return invitations.standing(row).state

    def get_reason(self, row: OneTimeLink) -> str:
        return invitations.standing(row).reason


class RegisterBody(serializers.Serializer):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=200, trim_whitespace=False, write_only=True)
    name = serializers.CharField(max_length=120)
    tenant = serializers.CharField(max_length=40, help_text="The company's slug.")


class RegisteredOut(serializers.Serializer):
    status = serializers.CharField()
    message = serializers.CharField()


@method_decorator(sensitive_post_parameters(), name="dispatch")
class Register(AuthView):
    @extend_schema(operation_id="auth_register", request=RegisterBody, responses={202: RegisteredOut})
    def post(self, request: Request) -> Response:
        """Ask a company for a place. The answer is the same whether the e-mail already has an account or not."""
        limits.check("register", client_ip(request))
        language = (translation.get_language() or "es").partition("-")[0]
        registration.register(**self.checked(RegisterBody), locale=language)
        message = _("El pedido quedó anotado. Quien dirige la empresa lo aprueba.")
        return Response({"status": Membership.Status.PENDING, "message": message}, status=202)


class MemberFilter(serializers.Serializer):
    status = serializers.CharField(required=False, max_length=12, help_text="pending, active or suspended.")
    role = serializers.CharField(required=False, max_length=20)
    search = serializers.CharField(required=False, max_length=200, help_text="Part of the name or of the e-mail.")


@audit_access("members.listed")
class Members(CompanyView):
    reads = "members.read"

    @extend_schema(operation_id="members_list", parameters=[MemberFilter], responses=MemberOut(many=True))
    def get(self, request: Request) -> Response:
        """Who belongs to the company, the latest first."""
        asked = self.asked(MemberFilter)
        rows = Membership.objects.filter(tenant_id=self.tenant.pk).select_related("user")
        for name in ("status", "role"):
            if name in asked:
                rows = rows.filter(**{name: asked[name]})
        if "search" in asked:
            words = asked["search"]
            rows = rows.filter(Q(user__name__icontains=words) | Q(user__email__icontains=words))
        return self.paged(rows, MemberOut)


class MemberVerb(CompanyView):
    """A decision about one member; only an active CEO of the company, never about oneself."""

    writes = "members.write"

    def which(self, pk: str) -> dict[str, Any]:
        return {"tenant": self.tenant, "member_id": pk, "by": self.actor}


@audit_access("membership.changed", resource="pk")
class ActivateMember(MemberVerb):
    @extend_schema(operation_id="members_activate", request=RoleBody, responses=MemberOut)
    def post(self, request: Request, pk: str) -> Response:
        """Let somebody in, as `role`."""
        with auth_scope():
            row = people.activate(**self.which(pk), role=self.body(RoleBody)["role"])
        return Response(MemberOut(row).data)


@audit_access("membership.changed", resource="pk")
class SuspendMember(MemberVerb):
    @extend_schema(operation_id="members_suspend", request=None, responses=MemberOut)
    def post(self, request: Request, pk: str) -> Response:
        """Shut somebody out at once, open pages and websockets included."""
        with auth_scope():
            row = people.suspend(**self.which(pk))
        return Response(MemberOut(row).data)


@audit_access("membership.changed", resource="pk")
class RejectMember(MemberVerb):
    @extend_schema(operation_id="members_reject", request=None, responses={204: None})
    def post(self, request: Request, pk: str) -> Response:
        """Turn down somebody who waits."""
        with auth_scope():
            people.reject(**self.which(pk))
        return Response(status=204)


@audit_access("membership.changed", resource="pk")
class MemberRole(MemberVerb):
    @extend_schema(operation_id="members_role", request=RoleBody, responses=MemberOut)
    def post(self, request: Request, pk: str) -> Response:
        """Change what somebody is in the company."""
        with auth_scope():
            row = people.change_role(**self.which(pk), role=self.body(RoleBody)["role"])
        return Response(MemberOut(row).data)


@audit_access("membership.changed", resource="pk")
class MemberScope(MemberVerb):
    @extend_schema(operation_id="members_scope", request=ScopeBody, responses=MemberOut)
    def post(self, request: Request, pk: str) -> Response:
        """Change whose leads and chats somebody sees, and their team."""
        body = self.body(ScopeBody)
        with auth_scope():
            row = people.set_scope(**self.which(pk), scope=body["scope"], team_id=body.get("team"))
        return Response(MemberOut(row).data)


class LinkView(CompanyView):
    """Shows a one-time link. Its answer is never kept for a repeat: an `Idempotency-Key` changes nothing here."""

    writes = "members.write"

    def _claim(self, request: Request, key: str) -> None:
        """Nothing: what is kept for a repeat would hold the secret."""


@audit_access("membership.changed", resource="pk")
class MemberLink(LinkView):
    @extend_schema(operation_id="members_link", request=RoleBody, responses=LinkOut)
    def post(self, request: Request, pk: str) -> Response:
        """A link that lets a waiting person in with this role, for when no e-mail reaches them."""
        role = self.body(RoleBody)["role"]
        url = invitations.activation_link(tenant=self.tenant, member_id=pk, role=role, by=self.actor)
        return _once(url)


@audit_access("invitations.listed")
class Invitations(CompanyView):
    reads, writes = "members.read", "members.write"

    @extend_schema(operation_id="invitations_list", responses=InvitationOut(many=True))
    def get(self, request: Request) -> Response:
        """Invitations, the latest first, with what became of their e-mail."""
        return self.paged(invitations.of_company(self.tenant), InvitationOut)

    @extend_schema(operation_id="invitations_create", request=InvitationBody, responses={201: InvitationOut})
    def post(self, request: Request) -> Response:
        """Invite somebody. 409 for a member, and while an earlier invitation is open."""
        row = invitations.invite(tenant=self.tenant, by=self.actor, **self.body(InvitationBody))
        fresh = invitations.of_company(self.tenant).get(pk=row.pk)
        return Response(InvitationOut(fresh).data, status=201)


@audit_access("invitation.changed", resource="pk")
class OneInvitation(CompanyView):
    writes = "members.write"

    @extend_schema(operation_id="invitations_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Take an invitation back: its link stops working."""
        invitations.revoke(tenant=self.tenant, pk=pk, by=self.actor)
        return Response(status=204)


@audit_access("invitation.changed", resource="pk")
class InvitationLink(LinkView):
    @extend_schema(operation_id="invitations_link", request=None, responses=LinkOut)
    def post(self, request: Request, pk: str) -> Response:
        """The invitation's link, to hand over by other means; earlier ones of it stop working."""
        return _once(invitations.copy_link(tenant=self.tenant, pk=pk, by=self.actor))


@audit_access("invitation.changed", resource="pk")
class ResendInvitation(CompanyView):
    writes = "members.write"

    @extend_schema(operation_id="invitations_resend", request=None, responses=InvitationOut)
    def post(self, request: Request, pk: str) -> Response:
        """Send it once more, with a new link and its whole time."""
        row = invitations.resend(tenant=self.tenant, pk=pk, by=self.actor)
        return Response(InvitationOut(invitations.of_company(self.tenant).get(pk=row.pk)).data)


def _once(url: str) -> Response:
    return Response({"url": url}, headers={"Cache-Control": "no-store"})
