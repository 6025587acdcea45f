"""A whole message that asks to be left alone, or to hear again; and what may still be sent to who asked for it.

Only the whole message counts: "¿puedo dar de baja el servicio?" is a question for somebody, not a wish to hear nothing.
"""

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Literal

Wish = Literal["out", "in", ""]
LONGEST = 80  # letters; a wish is short
ANSWERING = timedelta(hours=24)  # how long after their last message an answer is an answer, on every channel
_WORD = re.compile(r"[^\W_]+")
_POLITE = frozenset(
    {"por", "favor", "gracias", "please", "thanks", "thank", "you", "obrigado", "obrigada", "pf", "pls"}
)
_OUT = frozenset(
    {
        # Spanish
        "baja", "alto", "desuscribir", "desuscribirme", "desuscribanme", "desuscribirse", "darme de baja", "dar de baja",
        "denme de baja", "dame de baja", "quiero darme de baja", "me quiero dar de baja", "solicito la baja", "quiero la baja",
        "cancelar suscripcion", "cancelar la suscripcion", "cancelar mi suscripcion", "eliminar suscripcion",
        "no me escriban", "no me escriban mas", "no me escribas mas", "no escriban mas", "no me escriba mas",
        "no quiero recibir mas mensajes", "no quiero mas mensajes", "no quiero recibir mensajes", "no quiero mensajes",
        "no me manden mas mensajes", "no me mandes mas mensajes", "no me envien mas mensajes", "no me envies mas mensajes",
        "no me contacten", "no me contacten mas", "no me molesten mas", "no molestar", "dejen de escribirme",
        "deja de escribirme", "borrenme de la lista", "sacame de la lista", "saquenme de la lista",
        # English
        "stop", "stop all", "stopall", "unsubscribe", "unsubscribe me", "opt out", "optout", "remove me",
        "stop messaging me", "stop texting me", "stop writing to me", "stop sending me messages", "stop messages",
        "do not message me", "dont message me", "don t message me", "do not text me", "don t text me", "dont text me",
        "do not contact me", "don t contact me", "dont contact me", "no more messages", "cancel subscription",
        "take me off your list", "remove me from your list", "leave me alone",
        # Portuguese
        "sair", "parar", "pare", "descadastrar", "me descadastre", "cancelar inscricao", "cancelar assinatura",
        "nao me escreva mais", "nao me escrevam mais", "nao quero receber mais mensagens", "nao quero mais mensagens",
        "nao quero receber mensagens", "nao me mande mais mensagens", "nao me mandem mais mensagens",
        "nao me envie mais mensagens", "parem de me escrever", "pare de me escrever", "pare de me mandar mensagens",
        "me tire da lista", "remover da lista", "nao me contate mais", "quero sair da lista",
    }
)  # fmt: skip
_IN = frozenset({"alta", "start", "unstop", "subscribe", "suscribir", "suscribirme", "volver a recibir", "voltar"})


def wish(text: str) -> Wish:
    """ "out", "in", or nothing at all. Case, accents, signs and a polite word around it do not count."""
    if len(text) > LONGEST:
        return ""
    folded = unicodedata.normalize("NFKD", text.casefold())
    words = _WORD.findall("".join(each for each in folded if not unicodedata.combining(each)))
    said = " ".join(word for word in words if word not in _POLITE)
    return "out" if said in _OUT else "in" if said in _IN else ""


def may_answer(*, opted_out: datetime | None, last_inbound: datetime | None, now: datetime) -> bool:
    """Whether free text is an answer: who was left alone and then wrote again is answered for a day; nobody else is."""
    if opted_out is None:
        return True
    return last_inbound is not None and last_inbound > opted_out and now - last_inbound < ANSWERING
