"""Addresses of the agent pages."""

from django.urls import path

from agents.views import agents, runs

urlpatterns = [
    path("agentes/", agents.agent_list, name="agents"),
    path("agentes/nuevo/", agents.new, name="agent-new"),
    path("agentes/turnos/<uuid:pk>/", runs.run, name="agent-run"),
    path("agentes/<uuid:pk>/", agents.detail, name="agent"),
    path("agentes/<uuid:pk>/guardar/", agents.save, name="agent-save"),
    path("agentes/<uuid:pk>/publicar/", agents.publish, name="agent-publish"),
    path("agentes/<uuid:pk>/versiones/<int:number>/", agents.version, name="agent-version"),
    path("agentes/<uuid:pk>/versiones/<int:number>/volver/", agents.put_back, name="agent-put-back"),
]
