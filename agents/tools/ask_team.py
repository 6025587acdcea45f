"""The tool with which an agent asks a colleague for a fact that it lacks, and keeps the chat."""

from django.utils.translation import gettext_lazy, gettext_noop

from agents.services.questions import LONGEST_QUESTION, ask
from agents.tools.base import JSON, Tool, ToolContext, ToolResult, schema, text


def ask_team(context: ToolContext, arguments: JSON) -> ToolResult:
    """One question of this chat to the team."""
    return ask(context, str(arguments["question"]))


ASK_TEAM = Tool(
    name="ask_team",
    label=gettext_lazy("Preguntar al equipo"),
    description=gettext_noop(
        "Pregunta un dato a una persona del equipo sin soltar el chat. La respuesta llega más tarde."
    ),
    protocol=(
        "Usala cuando falte un dato que el equipo sabe y que no está en el conocimiento ni en otra herramienta: un precio"
        " especial, una excepción, si hay lugar. Una pregunta corta y completa, que se entienda sin leer el chat y sin"
        " datos personales. Después avisá en una frase que lo consultás; no inventes el dato ni prometas un plazo."
        " Si piden una persona o hay un reclamo, no preguntes: derivá."
    ),
    parameters=schema(("question",), question=text("La pregunta", shortest=5, longest=LONGEST_QUESTION)),
    run=ask_team,
    permission="inbox.write",
    writes=True,
    proves="question",
)
