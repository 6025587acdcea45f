"""Addresses of the lead pages."""

from django.urls import path

from crm.views import leads

urlpatterns = [
    path("leads/", leads.lead_list, name="leads"),
    path("leads/nuevo/", leads.new, name="lead-new"),
    path("leads/<uuid:pk>/", leads.detail, name="lead"),
    path("leads/<uuid:pk>/editar/", leads.edit, name="lead-edit"),
    path("leads/<uuid:pk>/etapa/", leads.move, name="lead-stage"),
    path("leads/<uuid:pk>/vendedor/", leads.assign, name="lead-owner"),
]
