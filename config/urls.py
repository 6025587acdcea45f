"""Every page and API address; each app lists its own."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from config import gallery, health, reports
from tenants.admin_site import site

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("csp-report/", reports.csp),
    path("admin/", site.urls),
    path("api/v1/", include("config.urls_api")),
    path("", include("tenants.urls")),
    path("", include("crm.urls")),
    path("", include("messaging.urls")),
    path("", include("rag.urls")),
    path("", include("agents.urls")),
]
if settings.DEBUG:
    urlpatterns.append(path("_componentes/", gallery.gallery))

handler500 = "config.failures.broken"
