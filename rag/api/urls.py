from config.lib.routes import route
from rag.api import documents

urlpatterns = [
    route("documents", documents.Documents),
    route("documents/<pk>", documents.OneDocument),
    route("documents/<pk>/retry", documents.RetryDocument),
    route("knowledge/search", documents.KnowledgeSearch),
]
