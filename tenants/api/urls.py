"""Addresses of signing in, the company's office and the description of the API."""

from django.urls import re_path

from config.lib.routes import route
from tenants.api import auth, company, schema

urlpatterns = [
    route("auth/login", auth.Login),
    route("auth/token", auth.Token),
    route("auth/refresh", auth.Refresh),
    route("auth/logout", auth.Logout),
    route("auth/me", auth.WhoAmI),
    route("members", company.Members),
    route("credentials", company.Credentials),
    route("credentials/<category>/<name>", company.OneCredential),
    route("audit/logs", company.AuditLog),
    route("settings", company.Settings),
    re_path(r"^schema/?$", schema.Schema.as_view(), name="api-schema"),
    re_path(r"^docs/?$", schema.Docs.as_view(), name="api-docs"),
]
