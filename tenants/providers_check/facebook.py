"""Messenger: the token of the company's page."""

from django.utils.translation import gettext_lazy as _

from tenants.providers_check import graph
from tenants.providers_check.base import Answer, Away, Field, Group, Kind, Refused, Secrets, works


def ask(secrets: Secrets) -> Answer:
    token, app = secrets["PAGE_ACCESS_TOKEN"], graph.app_token(secrets)
    answer = works(graph.ask("me", token, fields="id,name", **graph.proof(secrets, token)).get("name"))
    if not app:
        return answer
    try:
        return Answer(answer.state, answer.detail, graph.inspect(token, by=app)[1])
    except (Refused, Away):  # of another app, or no answer: the token itself was just accepted
        return answer


KIND = Kind(
    "facebook",
    "Facebook",
    _("Los mensajes de la página de Facebook."),
    (
        Group(
            "Messenger",
            (Field("PAGE_ACCESS_TOKEN", _("Token de la página"), _("De la página, con permiso de mensajes.")),),
            ask,
            also=(graph.APP_ID, graph.APP_SECRET),
        ),
    ),
)
