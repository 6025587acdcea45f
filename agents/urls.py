"""Addresses of the agent pages."""

from django.urls import path

from agents.views import agents, onboarding, privacy, runs

urlpatterns = [
    path("bienvenida/", onboarding.welcome, name="welcome"),
    path("bienvenida/datos-de-ejemplo/", onboarding.load_sample, name="welcome-sample"),
    path("bienvenida/datos-de-ejemplo/quitar/", onboarding.remove_sample, name="welcome-sample-remove"),
    path("bienvenida/prueba/estado/", onboarding.test_state, name="welcome-test-state"),
    path("bienvenida/<slug:name>/", onboarding.step, name="welcome-step"),
    path("bienvenida/<slug:name>/omitir/", onboarding.skip, name="welcome-skip"),
    path("contactos/<uuid:pk>/datos/", privacy.data, name="privacy"),
    path("contactos/<uuid:pk>/datos/copia/", privacy.ask_copy, name="privacy-copy"),
    path("contactos/<uuid:pk>/borrar/", privacy.erase, name="privacy-erase"),
    path("datos-personales/", privacy.done, name="privacy-requests"),
    path("datos-personales/<uuid:pk>/", privacy.progress, name="privacy-progress"),
    path("datos-personales/<uuid:pk>/archivo/", privacy.fetch, name="privacy-file"),
    path("agentes/", agents.agent_list, name="agents"),
    path("agentes/nuevo/", agents.new, name="agent-new"),
    path("agentes/turnos/<uuid:pk>/", runs.run, name="agent-run"),
    path("agentes/<uuid:pk>/", agents.detail, name="agent"),
    path("agentes/<uuid:pk>/guardar/", agents.save, name="agent-save"),
    path("agentes/<uuid:pk>/publicar/", agents.publish, name="agent-publish"),
    path("agentes/<uuid:pk>/versiones/<int:number>/", agents.version, name="agent-version"),
    path("agentes/<uuid:pk>/versiones/<int:number>/volver/", agents.put_back, name="agent-put-back"),
]
