"""Addresses of the pages around signing in."""

from django.urls import path

from tenants import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login/", views.login, name="login"),
    path("logout/", views.logout, name="logout"),
    path("empresas/", views.companies, name="companies"),
    path("sesion/", views.session, name="session"),
    path("preferencias/", views.preferences, name="preferences"),
]
