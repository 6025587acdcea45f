"""Addresses of signing in, the company's office and the description of the API."""

from django.urls import re_path

from config.lib.routes import route
from tenants.api import audit, auth, company, keys, people, schema, second_factor, sessions, teams, vault

urlpatterns = [
    route("auth/login", auth.Login),
    route("auth/token", auth.Token),
    route("auth/refresh", auth.Refresh),
    route("auth/logout", auth.Logout),
    route("auth/me", auth.WhoAmI),
    route("auth/sessions", sessions.Sessions),
    route("auth/sessions/<pk>", sessions.OneSession),
    route("auth/totp", second_factor.State),
    route("auth/totp/enrol", second_factor.Enrol),
    route("auth/totp/confirm", second_factor.Confirm),
    route("auth/totp/disable", second_factor.Disable),
    route("auth/totp/recovery-codes", second_factor.RecoveryCodes),
    route("api-keys", keys.Keys),
    route("api-keys/<pk>", keys.OneKey),
    route("auth/register", people.Register),
    route("members", people.Members),
    route("members/<pk>/activate", people.ActivateMember),
    route("members/<pk>/suspend", people.SuspendMember),
    route("members/<pk>/reject", people.RejectMember),
    route("members/<pk>/role", people.MemberRole),
    route("members/<pk>/scope", people.MemberScope),
    route("members/<pk>/link", people.MemberLink),
    route("invitations", people.Invitations),
    route("invitations/<pk>", people.OneInvitation),
    route("invitations/<pk>/link", people.InvitationLink),
    route("invitations/<pk>/resend", people.ResendInvitation),
    route("credentials", vault.Credentials),
    route("credentials/lent", vault.LentCredentials),
    route("credentials/<category>/<name>", vault.OneCredential),
    route("credentials/<category>/<name>/test", vault.CredentialTest),
    route("credentials/<category>/<name>/reveal", vault.CredentialReveal),
    route("credentials/<category>/<name>/versions", vault.CredentialVersions),
    route("credentials/<category>/<name>/restore", vault.CredentialRestore),
    route("teams", teams.Teams),
    route("teams/<pk>", teams.OneTeam),
    route("audit/logs", audit.AuditLog),
    route("audit/logs/export", audit.AuditExport),
    route("settings", company.Settings),
    re_path(r"^schema/?$", schema.Schema.as_view(), name="api-schema"),
    re_path(r"^docs/?$", schema.Docs.as_view(), name="api-docs"),
]
