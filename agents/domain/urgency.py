"""How soon somebody has to be seen, by what they write (Spanish and English).

Four levels, the gravest first: `emergency` (today, and people at once), `high` (within 48 to 72 hours), `normal`, `low`.
What the rules do not know is UNKNOWN: never `normal`. A denial ("no tengo fiebre"), a question about the service
("¿atienden emergencias?"), a condition and what is long past are no symptoms.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agents.domain.clauses import clauses, said, sentences

EMERGENCY, HIGH, NORMAL, LOW, UNKNOWN = "emergency", "high", "normal", "low", ""
LEVELS = (EMERGENCY, HIGH, NORMAL, LOW)
URGENT = frozenset({EMERGENCY, HIGH})


@dataclass(frozen=True, slots=True)
class Urgency:
    """`level` of LEVELS or UNKNOWN; `hits` are the names of the rules that spoke, gravest first."""

    level: str = UNKNOWN
    hits: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rule:
    """A "no" before what a pattern finds takes it back; one that begins with "no" means what it says."""

    name: str
    level: str
    patterns: tuple[re.Pattern[str], ...]


def _rule(name: str, level: str, *patterns: str) -> _Rule:
    return _Rule(name, level, tuple(re.compile(rf"\b(?:{pattern})") for pattern in patterns))


_MUCH = (
    r"(?:mucho|muchisimo|un monton|bastante|sin parar|a chorros|abundante|fuerte|a lot|heavily|badly|nonstop|non-stop)"
)
_WONT_STOP = r"(?:no (?:para|paran|frena|se (?:me )?(?:corta|detiene)|deja|dejan|puedo parar)|won'?t stop|doesn'?t stop|does not stop|can'?t stop|cannot stop)"
_BAD = r"(?:muy fuerte|fortisimo|insoportable|terrible|intenso|intensisimo|horrible|agudo|punzante|atroz|severe|unbearable|terrible|extreme|awful|excruciating|really bad|killing)"
_RULES: tuple[_Rule, ...] = (
    _rule(
        "breath",
        EMERGENCY,
        r"no (?:puede|puedo|logra|logro|consigo) (?:casi )?(?:respirar|tragar(?: ni)? saliva)",
        r"(?:le|me) (?:cuesta|falta)(?: mucho)? (?:respirar|el aire|aire)",
        r"(?:me estoy|se esta|me) (?:ahogo|ahogando|asfixiando|asfixio|ahoga)\b",
        r"(?:can'?t|cannot|can not|can barely|unable to|struggling to) (?:breathe|swallow)",
        r"(?:trouble|difficulty|hard time) breathing",
        r"chok(?:ing|ed)\b",
        r"(?<!piel )(?<!tela )no (?:esta )?(?:respira|respirando)\b|(?:dej|par)(?:o|aba|a) de respirar",
        r"(?:not|isn'?t|ain'?t|stopped|quit|stops|no longer|barely) breathing",
        r"se (?:puso|pone|esta poniendo) azul|turn(?:ing|ed) blue|lips are blue",
    ),
    _rule(
        "unconscious",
        EMERGENCY,
        r"(?:se|me) (?:desmayo|desmaye|desvanecio)\b",
        r"(?:esta|quedo|perdio) (?:inconsciente|desmayad[oa]|el conocimiento|la conciencia)",
        r"no (?:me |se )?(?:reacciona|responde a nada|despierta)\b|se desplomo\b",
        r"no (?:tiene|le siento|le encuentro) (?:el )?pulso|(?:no|without a) pulse\b|unresponsive\b|(?:he|she|they) collapsed\b",
        r"convuls(?:ion|iones|iona|ionando)\b",
        r"(?:is|was|went|fell) unconscious|passed out|fainted|(?:having|had) a seizure|not waking up|won'?t wake up",
    ),
    _rule(
        "heart",
        EMERGENCY,
        r"(?:dolor|opresion|presion|puntada)s?(?: muy)?(?: fuerte)? (?:en|de) (?:el |mi )?pecho",
        r"me (?:duele|aprieta|oprime)(?: mucho)? el pecho",
        r"(?:un |esta teniendo un )?(?:infarto|paro cardiaco|derrame cerebral|acv)\b",
        r"(?:chest|heart) (?:pain|pains|tightness)|my chest (?:hurts|is tight)|heart attack|(?:having|had|has had) a stroke",
    ),
    _rule(
        "bleeding",
        EMERGENCY,
        rf"(?:sangr\w*|hemorragia)\b[^.]{{0,25}}\b(?:{_MUCH}|{_WONT_STOP})",
        rf"(?:sangrado|hemorragia|sangre)\b[^.]{{0,20}}\b{_WONT_STOP}",
        rf"{_WONT_STOP} (?:de )?(?:sangrar|salir sangre|la sangre|el sangrado|la hemorragia|(?:the )?bleeding)",
        rf"bleed(?:ing|s)?\b[^.]{{0,20}}\b(?:{_MUCH}|{_WONT_STOP})",
        rf"perd(?:iendo|i|io) (?:{_MUCH} |mucha )sangre|los(?:ing|t) (?:a lot of|much) blood",
        r"(?:me|se) (?:estoy |esta )?(?:desangro|desangra|desangrando)\b|bleeding (?:out|to death)",
        r"vomit(?:o|a|ando|e)\b(?: \w+){0,2} sangre|(?:vomiting|coughing(?: up)?|throwing up) blood",
    ),
    _rule(
        "swelling",
        EMERGENCY,
        r"(?:hinchad\w*|hinchazon|inflamad\w*|inflamacion)\b[^.]{0,40}\b(?:cara|ojo|cuello|garganta)\b[^.]{0,30}\bfiebre",
        r"(?:cara|ojo|cuello|garganta)\b[^.]{0,12}\b(?:hinchad\w*|inflamad\w*)\b[^.]{0,30}\bfiebre",
        r"fiebre\b[^.]{0,40}\b(?:hinchad\w*|inflamad\w*)\b[^.]{0,20}\b(?:cara|ojo|cuello|garganta)",
        r"(?:se me|se le) (?:cierra|esta cerrando|hinchan?|hincho|inflamo) (?:la garganta|la lengua)",
        r"(?:face|eye|neck|throat)\b[^.]{0,12}\b(?:swollen|swelling)\b[^.]{0,30}\bfever",
        r"(?:swollen|swelling)\b[^.]{0,30}\b(?:face|eye|neck|throat)\b[^.]{0,30}\bfever|throat is (?:closing|swelling)",
        r"shock anafilactico|reaccion alergica (?:grave|fuerte|severa)|anaphyla\w+|(?:severe|bad) allergic reaction",
    ),
    _rule(
        "trauma",
        EMERGENCY,
        r"(?:se me|se le) (?:salio|cayo|arranco|volo)(?: entero| de raiz)? (?:un|el|de un golpe el|los?) dientes?\b[^.]{0,40}\b(?:golpe|caida|choque|accidente|pelot)",
        r"(?:golpe|caida|choque|accidente|pelot\w+)\b[^.]{0,50}\b(?:se me|se le|me|le) (?:salio|arranco|volo|saco|rompio|quebro|partio)\b[^.]{0,12}\b(?:diente|dientes|mandibula|hueso)",
        r"(?:hubo|tuve|tuvo|tuvimos) un accidente",
        r"(?:acabo|acaba) de (?:tener|sufrir) un (?:accidente|choque)",
        r"(?:me|se) (?:quebre|quebro|fracture|fracturo) (?:la|el) (?:mandibula|brazo|pierna|cabeza|craneo|cadera)",
        r"knocked[ -]out (?:a |my |his |her )?(?:tooth|teeth)|(?:tooth|teeth) (?:got |was |were |has been )?knocked out",
        r"(?:just (?:had|been in)|had) an? (?:car )?(?:accident|crash)|broke (?:my|his|her) (?:jaw|arm|leg|skull|hip)",
    ),
    _rule(
        "harm",
        EMERGENCY,
        r"(?:me quiero|quiero|voy a|pienso en|ganas de) (?:matar(?:me)?|morir(?:me)?|suicidar(?:me)?|quitarme la vida)\b(?! de risa| de ganas| por )",
        r"(?:want to|going to|thinking (?:of|about)) (?:kill(?:ing)? myself|end(?:ing)? my life|die\b|suicide)",
        r"(?:tome|tomo|se tomo|trago|ingirio) (?:veneno|lavandina|un monton de pastillas|todas las pastillas)|overdos\w+|sobredosis",
    ),
    _rule(
        "danger",
        EMERGENCY,
        r"(?:hay|siento|tengo|sale|sentimos)(?: \w+){0,2} (?:olor a gas|perdida de gas|fuga de gas|escape de gas)",
        r"(?:olor|perdida|fuga|escape) (?:a|de) gas (?:en|muy|fuerte|por)",
        r"(?:prende|prendio|prendiendo|agarro|tomo) fuego|(?:esta|estan|salen|hay|en puras) (?:en )?llamas|se (?:me |le |nos )?(?:esta )?(?:incendia|incendio|incendiando)\b",
        r"(?:hay (?:un )?(?:incendio|fuego)|me (?:electrocute|quede pegado))",
        r"(?:smell(?:s|ing)?(?: of| like)? gas|gas leak|is on fire|there'?s a fire|caught fire|in(?:to)? flames|got electrocuted)\b",
    ),
    _rule(
        "named",
        EMERGENCY,
        r"(?:es|tengo|tenemos|hay|se trata de|estoy (?:con|en)) (?:una )?(?:emergencia|urgencia (?:grave|medica|de vida))",
        r"(?:this is|it'?s|it is|i have|i'?m having|we have) an? (?:(?:medical|dental|real) )?emergency",
        r"^(?:(?:hola|ayuda|por favor|help|please|una|an) )*(?:emergencia|emergency)$",
    ),
    _rule(
        "strong_pain",
        HIGH,
        rf"(?:dolor|me duele|le duele|puntada|pain|ache|toothache|hurts)\b[^.]{{0,40}}\b{_BAD}",
        rf"{_BAD} (?:dolor|pain|toothache|headache)",
        r"no (?:aguanto|soporto|banco)(?: \w+){0,2} (?:el |este )?dolor|no (?:aguanto|doy) mas (?:del|de|con el) dolor",
        r"(?:me muero|me estoy muriendo|muerto|muerta|rabiando|llorando) (?:de|del) dolor",
        r"(?:no pude|no puedo|no me deja) dormir\b[^.]{0,30}\b(?:dolor|muela|diente)|dolor que no me deja dormir",
        r"can'?t (?:sleep|stand|take)\b[^.]{0,25}\bpain|in (?:so much|a lot of) pain",
    ),
    _rule(
        "fever",
        HIGH,
        r"(?:tengo|tiene|con|levanto|volando(?: de| en)?|subio la|sigue con) (?:mucha |algo de |un poco de )?fiebre",
        r"(?:i have|has|have|with|running) (?:a )?(?:high )?fever",
    ),
    _rule(
        "infection",
        HIGH,
        r"se (?:me|le) (?:hincho|inflamo|infecto|hinchan?|inflama|infecta)",
        r"(?:hinchad[oa]s?|hinchazon|inflamad[oa]s?|flemon|absceso|pus|infeccion|infectad[oa]s?|supura\w*)\b",
        r"(?:swollen|swelling|abscess|pus|infected|infection)\b",
    ),
    _rule(
        "bleeds",
        HIGH,
        r"(?:me|le) (?:sangra|sangran|salio sangre|sale sangre)|estoy sangrando|sangrado\b",
        r"(?:is|are|am|i'm|gums?|keeps?) bleeding|bleeds\b",
    ),
    _rule(
        "broken",
        HIGH,
        r"(?:se me|me|se le) (?:rompi[oa]|partio|quebro|salio|cayo|despego|aflojo)(?: \w+){0,2} (?:diente|dientes|muela|corona|protesis|implante|bracket|provisorio|arreglo|perno|hueso)",
        r"(?:diente|muela|corona|protesis|implante) (?:rot[oa]|partid[oa]|quebrad[oa]|floj[oa])",
        r"(?:broke|chipped|cracked|lost|fell out)\b[^.]{0,20}\b(?:tooth|crown|filling|implant|denture)|(?:tooth|crown|filling|implant)\b[^.]{0,12}\b(?:broke|chipped|cracked|fell out|came off|is broken|is loose)",
    ),
    _rule(
        "asap",
        HIGH,
        r"(?:turno|atenderme|atiendan|verme|atencion|cita|consulta)(?: \w+){0,3} (?:urgente|de urgencia|urgentemente)",
        r"(?:es|muy|necesito con|tengo una|por una|una) (?:urgente|urgencia)\b",
        r"(?:urgent|emergency) (?:appointment|visit|slot|care)|it'?s (?:really |very )?urgent|(?:seen|see (?:a|the) (?:doctor|dentist)) (?:urgently|asap|right away)",
    ),
    _rule(
        "pain",
        NORMAL,
        r"(?:me|le) (?:duele|duelen|molesta|molestan|pica|arde)\b|(?:tengo|con|un) (?:dolor|molestia|dolorcito)\b|(?:sensibilidad|sensible) (?:al|a la|a lo|en)",
        r"(?:hurts?|aches?|sore|sensitive|toothache|discomfort)\b",
    ),
    _rule(
        "routine",
        LOW,
        r"(?:control|chequeo|limpieza|blanqueamiento|revision|consulta de rutina|certificado|estetic[oa]|carillas?|presupuesto)\b",
        r"(?:check-?up|cleaning|whitening|routine visit|veneers?|follow-?up)\b",
    ),
)  # fmt: skip
_STILL = r"(?:(?:me |se |le )?(?:puedo|puede|reacciona|responde|despierta|respira|aguanto|soporto|doy|tiene pulso|para)|esta respirando)"
# A clause that only asks about the service, supposes or tells of a cure. "Ya no puede respirar" is no cure.
_NOT_NOW: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:atienden|hacen|tienen|reciben|toman|trabajan(?: con)?|cubren|cuentan con|ofrecen|dan)(?: \w+){0,3} (?:urgencias?|emergencias?|guardia|urgentes?)",
        r"\b(?:do you|you) (?:\w+ )?(?:take|treat|handle|see|have|offer|accept)(?: \w+){0,3} (?:emergenc\w+|urgent)",
        r"\b(?:numero|telefono|contacto|servicio|horario|guardia|number|phone|hours)(?: \w+){0,3} (?:de|por|for|para|in)(?: una?| an)? (?:emergencias?|urgencias?|emergenc\w+)",
        r"\b(?:en caso de|ante una|por si|si (?:algun dia|alguna vez|llego a|llegara a|tuviera|hubiera|fuera)|in case of|if i ever|if there (?:is|was|were)|what if|what happens if|que pasa si)\b",
        rf"\b(?:ya (?:no(?! {_STILL}\b)|se me paso|paso|estoy (?:bien|mejor))|se me (?:fue|paso)|no es (?:una? )?(?:nada )?(?:urgente|urgencia|emergencia|grave)|nada (?:urgente|grave)|sin urgencia|not (?:an? )?(?:urgent|emergency)|isn'?t (?:an? )?(?:urgent|emergency)|no longer(?! (?:breath|respond|wak|mov))|no rush|went away|gone now)\b",
    )
)
# What is told of long ago, unless the same clause says that it goes on or only now began.
_PAST: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:el ano pasado|hace (?:\w+ )?(?:anos?|meses)|de chic[oa]|cuando era|antes (?:tenia|me)|last year|years ago|months ago|as a (?:kid|child)|used to)\b",
        r"\b(?:tuv[eo]|tuvimos|sufri\w*|(?:me|le) dio|hubo|had|suffered)\b[^.]{0,60}\b(?:19|20)\d\d\b|\b(?:19|20)\d\d\b[^.]{0,60}\b(?:tuv[eo]|tuvimos|sufri\w*|(?:me|le) dio|hubo|had|suffered)\b",
    )
)
_STROKE = r"(?:infartos?|acv|derrames?(?: cerebral(?:es)?)?|paros?(?: cardiacos?)?|strokes?|heart attacks?)\b"
# One that somebody had once, without the words around it: the rest of the clause may well be of now.
_HAD_STROKE = re.compile(rf"\b(?:tuve|sufri|habia tenido|i(?:'ve)? had|i suffered)\b(?: \w+){{0,2}} {_STROKE}")
_OLD_STROKE = re.compile(
    r"\b(?:antecedentes?|history|secuelas?|riesgo|risk|rehabilitacion|despues|tras|prevenir|after|murio|fallecio|died|"
    r"medicacion|medicad[oa]|remedios?|pastillas|anticoagulantes|aspirina|medication|pills) "
    rf"(?:del?|of|por|for|un|the|my|mi|a)(?: \w+){{0,2}} {_STROKE}|\b{_STROKE} (?:previo|anterior|viejo)\b"
)
_NOW = re.compile(
    r"\b(?:hoy|ahora|recien|anoche|esta (?:manana|tarde|noche)|hace (?:un rato|\w+ (?:minutos?|horas?))|creo que|sigue|todavia|"
    r"today|tonight|now|just|this morning|last night|(?:minutes?|hours?) ago|i think|still)\b"
)
_HARMLESS = re.compile(
    r"\b(?:pantalla|panel|equipo|termotanque|calefon|estufa|boton|control|sistema|pagina|app|bomba|motor|display|screen|heater|button|unit)\b"
    r"(?: \w+){0,3} (?:(?:ya )?no (?:me )?(?:reacciona|responde a nada|despierta)|(?:is )?unresponsive)|"
    r"\bmuero (?:de|por) (?:ganas|hambre|risa|amor|saber|un)|\bme mata (?:de risa|la intriga)|\bdolor de cabeza (?:este|esta|con|para|de) (?:tramite|factura|sistema|app|pagina)"
)


def assess(texts: Iterable[str]) -> Urgency:
    """The gravest level that a text says, UNKNOWN when none speaks of it."""
    hits: dict[str, str] = {}
    for text in texts:
        for whole, pieces in ((False, clauses(text)), (True, sentences(text))):
            for piece in pieces:
                if not _only_mentions(piece, whole=whole):
                    present = _of_now(piece)
                    found = (rule for rule in _RULES if said(rule.patterns, present, whole=whole))
                    hits |= {rule.name: rule.level for rule in found}
    if not hits:
        return Urgency()
    names = sorted(hits, key=lambda name: LEVELS.index(hits[name]))
    return Urgency(hits[names[0]], tuple(names))


def _only_mentions(piece: str, *, whole: bool) -> bool:
    """A `whole` sentence may tell of then and of now; which is which, only its clauses know."""
    if _HARMLESS.search(piece) or any(pattern.search(piece) for pattern in _NOT_NOW):
        return True
    return any(pattern.search(piece) for pattern in _PAST) and (whole or not _NOW.search(piece))


def _of_now(piece: str) -> str:
    told = _OLD_STROKE.sub("-", piece)
    return told if _NOW.search(told) else _HAD_STROKE.sub("-", told)


def graver(*levels: str) -> str:
    """The gravest of the levels that are known; UNKNOWN when none is. A word that is no level does not count."""
    return next((level for level in LEVELS if level in levels), UNKNOWN)
