"""Addresses of the pages around signing in."""

from django.urls import path

from tenants.views import session as views
from tenants.views import vault

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("empresas/", views.companies, name="companies"),
    path("sesion/", views.session, name="session"),
    path("credenciales/", vault.credentials, name="credentials"),
    path("credenciales/<str:category>/<str:name>/eliminar/", vault.remove, name="credential-remove"),
    path("preferencias/", views.preferences, name="preferences"),
]
