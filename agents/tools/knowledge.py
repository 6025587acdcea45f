"""Looking up what the company loaded as knowledge."""

from django.utils.translation import gettext_lazy, gettext_noop

from agents.domain.prompt_security import screen
from agents.tools.base import JSON, Tool, ToolContext, ToolResult, choice, schema, text
from rag.services.search import search

LONGEST_PASSAGE = 1200


def rag_search(context: ToolContext, arguments: JSON) -> ToolResult:
    """Up to four passages with their titles. A passage that gives orders to the reader is withheld."""
    found = search(query=arguments["query"], collection=arguments.get("collection"), limit=4, tenant=context.tenant)
    passages, withheld = [], 0
    for passage in found:
        if screen(passage.text).suspicious:
            withheld += 1
            continue
        passages.append({"title": passage.citation, "text": passage.text[:LONGEST_PASSAGE]})
    return ToolResult(True, {"passages": passages, **({"withheld": withheld} if withheld else {})})


RAG_SEARCH = Tool(
    name="rag_search",
    label=gettext_lazy("Buscar en el conocimiento"),
    description=gettext_noop(
        "Busca en los documentos de la empresa: precios, horarios, envíos, garantía, condiciones, preguntas frecuentes."
    ),
    protocol="Usala antes de responder cualquier dato del negocio. Sin pasajes que respondan, decí que no tenés ese dato.",
    parameters=schema(
        ("query",),
        query=text("La pregunta, con las palabras de quien escribe", shortest=1),
        collection=choice("Dónde buscar; general si no se sabe", "general", "adn_personal"),
    ),
    run=rag_search,
    permission="knowledge.read",
    # Embedding the question may wait for a provider: the search opens its own short transaction.
    in_transaction=False,
)
