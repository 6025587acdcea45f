"""Everything under /api/v1/; each app lists its own addresses."""

from django.urls import URLPattern, URLResolver, include, path, re_path

from tenants.api.schema import nowhere

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("tenants.api.urls")),
    path("", include("agents.api.urls")),  # before crm, whose reports/<name> takes every name
    path("", include("crm.api.urls")),
    path("", include("messaging.api.urls")),
    path("", include("rag.api.urls")),
    re_path(r"", nowhere),
]
