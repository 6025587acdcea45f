"""How the demo model makes appointments: it looks, lists, takes the choice, books, moves, tells and cancels.

It keeps nothing: where the dialogue stands is read from what it said last.
"""

import re
from typing import Any

from agents.domain.readings import plain
from agents.llm.demo_scene import Call, Scene
from agents.llm.demo_words import WORDS

CHECK, BOOK, MOVE = "check_seller_availability", "book_appointment", "reschedule_appointment"
CANCEL, OWN = "cancel_appointment", "my_appointments"
LISTS = ("options", "options_move", "instead", "taken", "which_one", "which_appointment")
ASKED_DAY = ("ask_when", "past", "readings", "none_free", "cancelled", "no_own")

_PLACES = ("1|primer|primer[oa]|first", "2|segund[oa]|second", "3|tercer|tercer[oa]|third")
_SLOT = r"(?:turno|turnos|cita|citas|reserva|reservas|visita|reunion|consulta|hora|appointment|appointments|booking|meeting|visit|slot)"
_CANCEL = re.compile(
    r"\b(?:cancel\w*|anul\w+|dar(?:me|lo|la)? de baja|call off)\b|\bno (?:voy a (?:poder )?ir|puedo ir|voy a llegar)\b|\bcan'?t make it\b"
)
_MOVE = re.compile(
    rf"\b(?:reprogram\w+|reagend\w+|reschedule)\b|\b(?:cambi\w+|mover\w*|pas(?:ar|armel|alo|ala)\w*|postergar\w*|adelantar\w*|move|change|switch)\b.*\b(?:{_SLOT}|dia|horario|para|it|to)\b|\botro (?:dia|horario)\b.*\ben vez\b"
)
_OWN = re.compile(
    rf"\b(?:cuando|a que hora|que dia|con quien) (?:es|era|tengo|tenia|quedo|quede|quedamos)\b|\b(?:tengo|tenia|quedo|me quedo) (?:un |una |algun |alguna |agendad\w |el |la )*{_SLOT}\b|\b(?:mi|mis) {_SLOT}\b|\b(?:quedo|quede) (?:agendad|reservad|confirmad|anotad)\w\b"
    rf"|\b(?:do i have|when is|what time is|when's|is) (?:an? |my |any |the )*{_SLOT}\b|\bmy {_SLOT}\b|\bam i (?:booked|down|scheduled)\b|\bis it (?:booked|confirmed)\b"
)
_BOOK = re.compile(
    rf"\b{_SLOT}\b|\b(?:agend\w+|reserv\w+|coordin\w+|book|schedule|see (?:you|someone|somebody)|come (?:in|by)|ir a verlos|pasar por)\b|\b(?:que|cuales|tenes|tienen|hay|any|what) (?:\w+ ){{0,3}}(?:horarios?|lugar|disponib\w+|times?|openings?|availability)\b"
)
_NO_BOOKING = re.compile(
    r"\b(?:sin turno|horarios? de (?:atencion|apertura)|opening hours|a que hora (?:abren|cierran))\b"
)
# Words that may choose a time or name one: without any the message is about something else.
_TIME = re.compile(
    r"\d|\b(?:lunes|martes|miercoles|jueves|viernes|sabado|domingo|hoy|manana|tarde|noche|mediodia|semana|finde|mes|dia"
    r"|primer\w*|segund\w+|tercer\w*|cuart\w+|quint\w+|sext\w+|ultim\w+|una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|cualquiera|me da igual|tempran\w+|cuanto antes|lo antes posible"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tomorrow|morning|afternoon|evening|noon|week|month|day"
    r"|first|second|third|fourth|fifth|sixth|last|one|two|three|four|five|six|any|earliest|soonest"
    r"|si|dale|ok|perfecto|esa|ese|me sirve|yes|sure|works|okay|great|perfect|sounds good)\b"
)
_RATHER = re.compile(r"\b(?:mejor|prefiero|en realidad|me equivoque|instead|actually|rather)\b")
_MONTHS = r"enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre|january|february|march|april|may|june|july|august|september|october|november|december"
_DOCUMENT = re.compile(r"\b(?:dni|documento|cedula|id)\b\D{0,12}(\d[\d.]{5,11}\d)")
_INSURANCE = re.compile(
    r"\b(?:obra social|prepaga|seguro|insurance)\b(?: (?:es|tengo|is|:))*[ :]*([\w ]{3,40}?)(?=[,.;\n]|$)|\b(osde[ \d]*|swiss medical|galeno|medife|ioma|pami|particular)\b"
)
_WITH = re.compile(r"\b(?:con|with)\s+(?:el |la )?((?:Dra?\.? )?[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+)")


def calls(scene: Scene) -> list[Call]:
    """The tools of an appointment that fit what was said, in their order; empty when it is about something else."""
    wanted = _calls(scene)
    return (
        wanted if all(name in scene.tools or name in ("qualify_lead", "create_customer") for name, _ in wanted) else []
    )


def _calls(scene: Scene) -> list[Call]:
    said = plain(scene.said).replace("\n", " ")
    if _stands(scene, "needs"):
        person = {**scene.facts.identity, **_papers(scene.said)}
        return [*([("create_customer", person)] if person else []), (BOOK, {"choice": _chosen_before(scene)})]
    if _stands(scene, "which_service") and not _CANCEL.search(said):
        return [(CHECK, {"service": _service(scene, said), "when": _when(_last_wish(scene))})]
    if _CANCEL.search(said) and not _refuses_to_cancel(said):
        return [(CANCEL, _which(scene))]
    after_list = next((key for key in LISTS if _stands(scene, key)), "")
    if _MOVE.search(said) or (_RATHER.search(said) and _stands(scene, "booked", "moved") and _TIME.search(said)):
        return [(CHECK, {"when": _when(scene.said), "change": True})]
    if _OWN.search(said) and not (after_list and re.fullmatch(r"\W*\d\W*", said)):
        return [(OWN, {})]
    if after_list and _TIME.search(said) and not _asks_else(said):
        return _choice(scene, after_list)
    if (_BOOK.search(said) and not _NO_BOOKING.search(said)) or (_stands(scene, *ASKED_DAY) and _TIME.search(said)):
        return [*_about_person(scene), (CHECK, _search(scene))]
    return []


def further_calls(scene: Scene) -> list[Call]:
    """One more step where a choice was none: look for the time that was named instead, or tell the person's own."""
    if scene.asked(CHECK) or scene.asked(OWN):
        return []
    refused = scene.result(BOOK, MOVE)
    if not refused or refused.get("ok"):
        return []
    why = refused.get("why")
    if why == "has_one" and OWN in scene.tools:
        return [(OWN, {})]
    expired = why in ("nothing_offered", "offer_expired", "offer_invalid")
    if (expired or why == "none_chosen") and CHECK in scene.tools:
        moving = {"change": True} if scene.asked(MOVE) else {}
        return [(CHECK, {**_search(scene), **moving})]
    return []


def answer(scene: Scene) -> str:
    """What to say of an appointment; empty when none of its tools was asked."""
    words = scene.words
    if found := scene.result(OWN):
        return _own(scene, found)
    if found := scene.result(CHECK):
        return _options(scene, found)
    found = scene.result(BOOK, MOVE, CANCEL)
    if not found:
        return ""
    for key, phrase in (
        ("booked", "booked"),
        ("moved_to", "moved"),
        ("cancelled", "cancelled"),
        ("appointment", "already"),
    ):
        if found.get("ok") and isinstance(found.get(key), dict):
            return words[phrase].format(_told(scene, found[key], found))
    return words["simulated"] if found.get("simulated") else _refusal(scene, found)


def _service(scene: Scene, said: str) -> str:
    """The service that was named, or the one at the place that was named in the list that we gave."""
    offered = [name.strip() for name in scene.before.partition("?")[2].split(",")]
    place = next((at for at, words in enumerate(_PLACES) if re.search(rf"\b(?:{words})\b", said)), len(offered))
    return offered[place] if place < len(offered) else scene.said[:120]


def _choice(scene: Scene, after: str) -> list[Call]:
    said, before = scene.said[:120], _last_wish(scene)[:120]
    if after == "which_appointment":
        moves = {"choice": before, "which": said}
        return [(CANCEL, {"which": said})] if _CANCEL.search(plain(before)) else [(MOVE, moves)]
    if after == "options_move" or _moving(scene):
        return [(MOVE, {"choice": said})]
    return [*_about_person(scene, interest="high"), (BOOK, {"choice": said})]


def _about_person(scene: Scene, *, interest: str = "medium") -> list[Call]:
    """Who wants an appointment is interested; what they say of themselves is kept."""
    identity = {**scene.facts.identity, **_papers(scene.said)}
    found: list[Call] = []
    if identity and "create_customer" in scene.tools:
        found.append(("create_customer", identity))
    if "qualify_lead" in scene.tools:
        learned = {"interest": interest, **scene.facts.qualification}
        if scene.facts.interest in ("", "none", "low"):
            learned["interest"] = interest
        found.append(("qualify_lead", learned))
    return found


def _papers(said: str) -> dict[str, str]:
    reading = plain(said)
    document, insurance = _DOCUMENT.search(reading), _INSURANCE.search(reading)
    found = {
        "document": document[1] if document else "",
        "insurance": (insurance[1] or insurance[2]).strip() if insurance else "",
    }
    return {name: value for name, value in found.items() if value}


def _search(scene: Scene) -> dict[str, Any]:
    named = _WITH.search(scene.said)
    return {"when": _when(scene.said), **({"seller": named[1]} if named else {})}


def _when(said: str) -> str:
    """The customer's words, when any of them is about time; else whenever."""
    reading = re.sub(r"\b(?:una?|dos|si|ok|dale|dia|hora)\b", " ", plain(said))
    return said[:300] if _TIME.search(reading) or re.search(rf"\b(?:{_MONTHS})\b", reading) else ""


def _which(scene: Scene) -> dict[str, str]:
    return {"which": scene.said[:120]} if _TIME.search(plain(scene.said)) else {}


def _stands(scene: Scene, *keys: str) -> bool:
    """Whether our last words were one of these phrases, in either language."""
    return any(_is(scene.before, key) for key in keys)


def _is(text: str, key: str) -> bool:
    return any(
        phrases[key].split("{")[0].strip() in text for phrases in WORDS.values() if phrases[key].split("{")[0].strip()
    )


def _moving(scene: Scene) -> bool:
    """Whether the list that stands came of a wish to move: it was said when the list before it was asked for."""
    return any(_is(text, "options_move") for role, text in scene.lines[-4:] if role == "assistant")


def _last_wish(scene: Scene) -> str:
    return next((text for role, text in reversed(scene.lines) if role == "user"), "")


def _chosen_before(scene: Scene) -> str:
    """What was chosen of the last list, before we asked who it is for."""
    place = max((at for at, (role, text) in enumerate(scene.lines) if role == "assistant" and any(_is(text, key) for key in LISTS)), default=-1)  # fmt: skip
    return next((text for role, text in scene.lines[place + 1 :] if role == "user"), scene.said)[:120]


def _refuses_to_cancel(said: str) -> bool:
    return bool(re.search(r"\b(?:no (?:quiero|la|lo|vayas a) cancel|sin cancelar|don'?t cancel)", said))


def _asks_else(said: str) -> bool:
    """A question of its own about the business, not about the options."""
    return said.endswith("?") and bool(re.search(r"\b(?:cuanto|precio|donde|aceptan|how much|price|where)\b", said))


def _line(scene: Scene, each: dict[str, Any]) -> str:
    return f"{each.get('number')}) {each.get('when')} {scene.words['with']} {each.get('with')}"


def _told(scene: Scene, event: dict[str, Any], result: dict[str, Any]) -> str:
    further = [str(event[name]) for name in ("service", "place") if event.get(name)]
    zone = f" ({result['times_in_zone']})" if result.get("times_in_zone") else ""
    return ", ".join([f"{event.get('when')}{zone} {scene.words['with']} {event.get('with')}", *further])


def _own(scene: Scene, found: dict[str, Any]) -> str:
    own = found.get("appointments") or []
    if not own:
        return scene.words["no_own"]
    told = "\n".join(_told(scene, each, found) for each in own)
    return f"{scene.words['own'].format(told)}\n{scene.words['own_change']}"


def _options(scene: Scene, found: dict[str, Any]) -> str:
    options = found.get("options") or []
    if not found.get("ok") or not options:
        return _refusal(scene, found)
    moving = any(_MOVE.search(plain(text)) for text in (scene.said,)) or _moving(scene) or scene.asked(MOVE)
    moving = moving or (_stands(scene, "booked", "moved") and bool(_RATHER.search(plain(scene.said))))
    key = "options_move" if moving else "instead" if found.get("asked_time_is_free") is False else "options"
    zone = f" ({found['times_in_zone']})" if found.get("times_in_zone") else ""
    return scene.words[key].format("\n".join(_line(scene, each) + zone for each in options))


def _refusal(scene: Scene, found: dict[str, Any]) -> str:
    words, why = scene.words, str(found.get("why") or "")
    options = "\n".join(_line(scene, each) for each in found.get("options") or [])
    if why == "missing":
        return words["needs"].format(", ".join(words[name] for name in found.get("missing") or []))
    if why == "slot_taken" and options:
        return words["taken"].format(options)
    if why in ("which_one", "none_chosen", "which_appointment") and options:
        return words["which_appointment" if why == "which_appointment" else "which_one"].format(options)
    if why in ("which_service", "which_seller"):
        return words[why].format(", ".join(found.get("services") or found.get("sellers") or []))
    if found.get("readings"):
        return words["readings"].format(" / ".join(found["readings"]))
    known = {
        "past": "past",
        "none_free": "none_free",
        "agenda_unknown": "unseen",
        "none": "no_own",
        "nothing": "ask_when",
    }
    known |= {"no_such_date": "ask_when", "no_such_time": "ask_when", "contradiction": "ask_when", "no_day": "ask_when"}
    return words[known.get(why, "not_done")]
