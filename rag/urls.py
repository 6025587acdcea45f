"""Addresses of the knowledge pages."""

from django.urls import path

from rag.views import documents

urlpatterns = [
    path("conocimiento/", documents.document_list, name="documents"),
    path("conocimiento/subir/", documents.upload, name="document-new"),
    path("conocimiento/probar/", documents.ask, name="knowledge-ask"),
    path("conocimiento/<uuid:pk>/reintentar/", documents.retry, name="document-retry"),
    path("conocimiento/<uuid:pk>/eliminar/", documents.remove, name="document-remove"),
]
