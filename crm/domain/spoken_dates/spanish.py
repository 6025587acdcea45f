"""How Spanish says days and hours. Rules are tried from the top at each word: the longer way of saying goes first."""

import re
from collections.abc import Sequence
from datetime import date

from crm.domain.spoken_dates import days
from crm.domain.spoken_dates.dates import Names, ago_or_ahead, shifted
from crm.domain.spoken_dates.items import Days, Hours, Item, Mark
from crm.domain.spoken_dates.reading import Builder, Rules, Seen, at_fixed, from_now, hours, mark, part
from crm.domain.spoken_dates.reading import days as just
from crm.domain.spoken_dates.spanish_words import MONTHS, WEEKDAYS

NAMES = Names(WEEKDAYS, MONTHS)
COUNTED = (
    "personas?|chic[oa]s?|hij[oa]s?|nin[oa]s?|anos?|meses|semanas?|dias?|minutos?|horas?|cuotas?|ambientes?|puertas?|metros?|"
    "mts?|m2|km|kilometros?|pesos?|dolares|euros|mil|millon(?:es)?|veces|opciones|dormitorios?|habitaciones|banos?|pisos?|"
    "cuadras?|kilos?|kg|litros?|por ciento|turnos?|citas?|lugares|puestos?|unidades|entradas?|mensajes?|fotos?|casas?|autos?"
)
NOT_COUNTED = rf"(?![\d/:%]|[.,]\d|-[\dtbz]| ?#| \d{{3}}| (?:{COUNTED})\b)"
MACROS = (
    ("@T", rf"(?:[tbz]\d{{4}}|\d{{1,2}}){NOT_COUNTED}"),
    ("@R", r"(?:[tbz]\d{4}|\d{1,2})"),
    ("@U", NOT_COUNTED),
    ("@C", r"[tbz]\d{4}"),
    ("@N", rf"\d{{1,2}}{NOT_COUNTED}"),
    ("@WD", f"(?:{'|'.join(WEEKDAYS)})"),
    ("@MONG", f"(?P<mon>{'|'.join(MONTHS)})"),
    ("@MON", f"(?:{'|'.join(MONTHS)})"),
    ("@YEAR", r"(?:,? (?:del? |del ano )?(?P<y>20\d\d))?"),
    ("@IN", "(?:a|de|por|en|durante)"),
)
MOVING = (
    r"cambi\w+|mover\w*|movem\w*|correrl\w+|reprogram\w+|posterg\w+|adelantar\w*|pasarl[oa]s?|(?:lo|la) \w+ pasar|"
    r"pasar(?:me|nos)? (?:del|(?:el|la|mi|es[ea]|nuestr[oa]) (?:del|turno|cita|visita|reunion|hora))"
)
PLACES = {"primer": 1, "1": 1, "segundo": 2, "2": 2, "tercer": 3, "3": 3, "cuarto": 4, "4": 4, "ultimo": -1}
WEEKS = {"primera": 1, "segunda": 2, "tercera": 3, "cuarta": 4, "ultima": -1}
POSITIONS = {"p": "start", "c": "start", "i": "start", "m": "middle", "f": "end"}
UNITS = {
    "minuto": "minute", "minutos": "minute", "min": "minute", "hora": "hour", "horas": "hour", "hs": "hour",
    "dia": "day", "dias": "day", "semana": "week", "semanas": "week", "mes": "month", "meses": "month",
}  # fmt: skip
RELATIVE = {"hoy": 0, "manana": 1, "pasado manana": 2}
PARTS = {
    "manana": "morning",
    "tarde": "tarde",
    "tardecita": "night",
    "noche": "night",
    "mediodia": "midday",
    "siesta": "siesta",
}


def part_said(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    return (Hours("part", part=PARTS[match["part"]]),)


def part_behind(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "El martes tarde", "mañana noche": only right behind a day; "llego tarde" is nothing."""
    return part_said(match, seen) if seen.after_day else ()


def part_of_today(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    return (days.one(seen.today), *part_said(match, seen))


def of_morning(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "El martes de mañana" is its morning, "la cita de mañana" is tomorrow's."""
    return (Hours("part", part="morning") if seen.after_day else days.one(days.plus(seen.today, 1)),)


def hour_behind(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "Mañana 10", "hoy 16-18": bare numbers are hours only right behind a day."""
    return hours("between" if "high" in match.groupdict() else "at")(match, seen) if seen.after_day else ()


def nth(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    month = match["mon"]
    ahead = days.months_ahead(seen.today, MONTHS[month]) if month else int(bool(match["next"]))
    return (days.nth(seen.today, WEEKDAYS[match["wd"]], PLACES[match["place"]], ahead, yearly=bool(month)),)


def position(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """The beginning, the middle or the end of a week or a month."""
    where, ahead = POSITIONS[match["where"][0]], int(bool(match["next"] or match["after"]))
    if match["unit"] == "semana":
        return (days.part_of_week(seen.today, where, ahead),)
    if match["mon"]:
        ahead = days.months_ahead(seen.today, MONTHS[match["mon"]])
    return (days.part_of_month(seen.today, where, ahead, yearly=bool(match["mon"])),)


def any_part(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    return (days.any_day(seen.today), *part_said(match, seen))


def counted(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "Dentro de dos viernes": not the coming one, the one after it."""
    first = days.coming(seen.today, WEEKDAYS[match["wd"]])
    return (days.one(days.plus(first, 7 * (int(match["count"]) - 1))),)


def day_after(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "Mañana no puedo, pasado sí": the one after tomorrow, where it cannot be "the past …"."""
    before = seen.text[: match.start()].split()
    alone = not before or before[-1] in (",", ".", "o", "y", "no", "mejor", "para", "ser", "sino")
    return (days.one(days.plus(seen.today, 2)),) if alone else ()


def week_of_month(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    month, place = match["mon"], WEEKS[match["place"]]
    ahead = days.months_ahead(seen.today, MONTHS[month]) if month else int(bool(match["next"]))
    return (days.week_of_month(seen.today, place, ahead, yearly=bool(month)),)


def week_of(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "La semana del 30": the whole of it."""
    items = NAMES.of_month(match, seen) if match["mon"] else NAMES.numbered(match, seen)
    return [days.around(seen.today, each) if isinstance(each, Days) else each for each in items]


def street_or_date(match: re.Match[str], seen: Seen) -> Sequence[Item]:
    """ "9 de Julio 1234" is an address."""
    return (Mark("nothing"),) if match["door"] else NAMES.of_month(match, seen)


def next_weekend(today: date) -> Days:
    """Not the one that is on."""
    sunday = days.week(today, 0)[1]
    return days.named(sunday if today.weekday() > 4 else today, days.WEEKEND)


NOT_ME = (
    "puedo|podemos|podria yo|podre|podremos|pude|llego|llegamos|voy|vamos|estoy|estare|estamos|trabajo yo|alcanzo|"
    "(?:me|nos) (?:viene|queda|sirve|va|conviene|da|resulta|es posible|funciona|acomoda)n?|tengo (?:tiempo|lugar|hueco|espacio)"
)
LATER = "(?:hoy|manana|pasado manana|luego|despues|@WD)"
MARK_RULES: tuple[tuple[str, Builder], ...] = (
    (
        r"buen(?:os|as)? (?:dias?|tardes?|noches?)|24/7|hoy en dia|dia a dia|un dia de estos|tarde o temprano",
        mark("nothing"),
    ),
    (
        rf"(?:{LATER} )?(?:te|les|le|os) (?:confirmo|aviso|escribo|contesto|respondo|digo)(?: (?:el )?{LATER})?",
        mark("nothing"),
    ),
    (
        r"mas o menos|(?:al|por lo) menos|a menos que|mas (?:tarde|temprano)(?! de| que)|(?:los|las) mejor(?:es)?|a lo mejor",
        mark("nothing"),
    ),
    (
        r"(?:av|avda|avenida|calle|plaza|plazoleta|estacion|bulevar|barrio|esquina|esq)(?: \.)? \d{1,2} de @MON(?: \d+)?",
        mark("nothing"),
    ),
    (
        r"(?:todo )?(?:menos|excepto|salvo|exceptuando|en vez del?|en lugar del?|que no sean?|nada de|ni)",
        mark("not"),
    ),
    (rf"no (?:{NOT_ME})(?: (?:a|poder|ir|bien|libre))*|imposible|tampoco|es (?:feriado|festivo)", mark("no")),
    (
        r"no (?:puede|pueden|podria|tenes|tienes|tiene|tienen|tendras|tendrias|tendran|hay|habra|habria|seria|sera|se|importa|te|les|quedo|era)",
        mark("nothing"),
    ),
    (
        r"no (?:est?e |el )?(?P<wd>@WD)(?: que viene)?(?: no)? ?,? (?:sino )?(?:el (?:otro|siguiente|proximo|que sigue))",
        NAMES.a_week_later,
    ),
    (r"(?P<wd>@WD) que viene no ?,? el otro", NAMES.a_week_later),
    (
        r"esta semana no ?,? (?:sino |mejor )?la (?:que viene|proxima|otra|siguiente)",
        just(lambda today: days.a_week(today, 1)),
    ),
    (r"no", mark("bare")),
    (r"mejor que(?= (?:el|la|los|las|a|@WD|manana|hoy)\b)", mark("not")),
    (r"mejor(?: dicho)?|perdon|perdona|digo|en realidad|mas bien|me equivoque|corrijo", mark("instead")),
)
TIME_RULES: tuple[tuple[str, Builder], ...] = (
    (r"no (?:antes|mas temprano) (?:de|que) las? (?P<low>@T)", hours("after")),
    (r"no (?:despues|mas tarde) (?:de|que) las? (?P<high>@T)", hours("before")),
    (r"(?P<low>\d{1,2}) (?:o|u) (?P<also>@C)", hours("at")),
    (r"entre (?:las? )?(?P<low>@R) (?:y|a|e) (?:las? )?(?P<high>@T)", hours("between")),
    (r"(?:de|desde) (?:las? )?(?P<low>@R) (?:a|hasta) (?:las? )?(?P<high>@T)", hours("between")),
    (
        r"(?:de )?(?:las? )?(?P<low>@C) ?(?:a|-|hasta) ?(?:las? )?(?P<high>@T)||de (?P<low>\d{1,2})-(?P<high>@T)",
        hours("between"),
    ),
    (r"(?P<low>\d{1,2})(?:-| a )(?P<high>@C)", hours("between")),
    (r"(?P<low>\d{1,2})(?:-| a )(?P<high>@T)", hour_behind),
    (
        r"(?:de|desde|a partir de) (?:las? )?(?P<low>@R),? (?:en adelante|para adelante|en mas|para arriba)",
        hours("after"),
    ),
    (
        r"(?:(?:despues|luego|mas tarde) (?:de|que)|a partir de|desde)(?: las?)? (?P<low>@T)||pasadas las (?P<low>@T)",
        hours("after"),
    ),
    (r"(?:antes|mas temprano) (?:de|que)(?: las?)? (?P<high>@T)", hours("before")),
    (r"hasta las? (?P<high>@T)", hours("before")),
    (r"hasta (?P<high>@C)", hours("before")),
    (r"(?:a partir|desde) (?:del|el) (?:mediodia|medio dia)", at_fixed("after", 12)),
    (r"despues del? (?:mediodia|medio dia)", at_fixed("after", 13)),
    (r"(?:antes del?|hasta el) (?:mediodia|medio dia|almuerzo|almorzar)", at_fixed("before", 12)),
    (r"despues de(?:l| la| el)? ?(?:almuerzo|almorzar|comer|comida)", part("after_lunch")),
    (
        r"(?:despues del?|al salir del?|a la salida del|cuando salg[oa] del?)(?: la)? (?:trabajo|laburo|trabajar|oficina)",
        part("after_work"),
    ),
    (
        r"(?:a eso de|tipo|como a|sobre|alrededor de|cerca de|hacia|por ahi a|mas o menos a|aproximadamente a) las? (?P<low>@T)",
        hours("about"),
    ),
    (r"(?:tipo|a eso de) (?P<low>@T)", hours("about")),
    (r"(?:a |para )?las? (?P<low>@T) (?:mas o menos|aprox\w*|y pico|y algo)", hours("about")),
    (r"(?:(?:a|para) )?las? (?P<low>@T) (?:o|u) (?:a )?(?:las? )?(?P<also>@T)", hours("at")),
    (r"(?:a|para|de|son) las? (?P<low>@T)", hours("at")),
    (r"las (?P<low>[4-9]|1\d|2[0-3])(?!\d)@U", hours("at")),
    (r"(?P<low>@C) (?:o|u) (?P<also>@T)||(?P<low>@C)", hours("at")),
    # Parts of the day.
    (r"(?:@IN )?(?:la )?tarde ?noche", part("late")),
    (r"cualquier (?P<part>manana|tarde|noche)", any_part),
    (r"(?:a )?(?:la )?primera hora @IN la tarde|tempran(?:o|ito) @IN la tarde", part("early_tarde")),
    (r"ultima hora @IN la manana", part("mid_morning")),
    (r"(?:a )?ultima hora(?: @IN la tarde| del dia)?|(?:al )?final(?:es)? del dia", part("late")),
    (r"(?:a )?(?:la )?primera hora(?: @IN la manana)?|(?:bien )?tempran(?:o|ito)(?: @IN la manana)?", part("early")),
    (r"media manana", part("mid_morning")),
    (r"media tarde", part("mid_tarde")),
    (r"(?:@IN |toda )?las? (?P<part>manana|tarde|tardecita|noche)s?", part_said),
    (r"de (?P<part>tarde|tardecita|noche)", part_said),
    (r"de manana(?! en 8)", of_morning),
    (r"(?:al |del |a |en el )?(?:mediodia|medio dia)|(?:la )?hora del? (?:almuerzo|almorzar)", part("midday")),
    (r"(?:(?:a|en|por) )?(?:la )?(?:hora de la )?siesta", part("siesta")),
    (r"(?P<part>tarde|tardecita|noche)", part_behind),
)
DAY_RULES: tuple[tuple[str, Builder], ...] = (
    # Gone by.
    (
        (
            r"anteayer|antier|antes de ayer|ayer|anoche|(?:el )?otro dia|(?:la )?(?:semana|vez) pasada|(?:el )?(?:mes|finde|ano) pasado|"
            r"(?:el )?@WD (?:pasado|anterior)|(?:el )?pasado @WD|ultimo @WD(?! del?\b)|hace (?:\d+|un|una|unos|unas) (?:minutos?|horas?|dias?|semanas?|mes(?:es)?|anos?)"
        ),
        just(lambda today: days.PAST),
    ),
    (
        r"(?P<next>mes que viene|proximo mes) ,? ?(?:el )?(?P<place>primer|segundo|tercer|cuarto|ultimo) (?P<wd>@WD)(?P<mon>)",
        nth,
    ),
    # Counted from today.
    (r"manana o pasado(?: manana)?", just(lambda today: Days(((days.plus(today, 1), days.plus(today, 2)),)))),
    (r"(?:de )?hoy en (?:8|ocho)(?: dias)?", shifted(7)),
    (r"(?:de )?hoy en 15(?: dias)?", shifted(14)),
    (r"(?:de )?pasado manana en 8", shifted(9)),
    (r"(?:de )?manana en 8", shifted(8)),
    (r"(?:de |del )?(?P<wd>@WD) en 8(?: dias)?", NAMES.a_week_later),
    (r"(?:en|dentro de|de aca a|de aqui a) media hora", lambda match, seen: (from_now(seen, 30),)),
    (r"(?:en|dentro de) (?P<count>[2-9]) (?P<wd>@WD)", counted),
    (r"(?:en|dentro de) hora y media", lambda match, seen: (from_now(seen, 90),)),
    (
        r"(?:en|dentro de|de aca a|de aqui a) (?P<count>\d{1,3}|una?) (?P<unit>minutos?|min|horas?|hs|dias?|semanas?|mes(?:es)?)(?: y (?P<half>media))?",
        ago_or_ahead(UNITS, frozenset({"un", "una"})),
    ),
    (r"esta (?P<part>manana|tardecita|tarde|noche)", part_of_today),
    (
        r"(?P<rel>hoy|manana|pasado manana)(?: mismo)?(?P<comma> ,)? (?:el )?(?P<wd>@WD)(?:(?: ,)? (?:el )?(?P<n>@N)(?! de @MON))?",
        NAMES.relative(RELATIVE),
    ),
    (
        r"(?P<rel>hoy|manana|pasado manana)(?: mismo)? (?:el )?(?P<n>@N)(?! (?:de @MON|(?:a|y|o) \d))(?! ?(?:hs|hrs|h)\b)",
        NAMES.relative(RELATIVE),
    ),
    (r"pasado manana", shifted(2)),
    (r"pasado", day_after),
    (r"hoy(?: mismo)?", shifted(0)),
    (r"manana(?: mismo)?", shifted(1)),
    # Weeks, weekends and months.
    (
        (
            r"(?P<where>principios?|comienzos?|inicios?|mediados?|mitad|fin(?:es)?)(?: del?)?(?: la| el| esta| este)?(?: (?P<next>proxim[oa]|otr[oa]))?"
            r" (?:(?P<unit>semana|mes)|(?P<mon>@MON))(?P<after> que viene| que entra| proxim[oa]| siguiente)?"
        ),
        position,
    ),
    (r"finde (?P<next>que viene|proximo|siguiente)|(?:proximo|otro) finde", just(next_weekend)),
    (r"(?:este )?(?:findes?|fds)", just(days.weekend)),
    (r"semana (?:siguiente|despues) (?:a|de) la (?:que viene|proxima)", just(lambda today: days.a_week(today, 2))),
    (
        r"semana que (?:viene|entra|sigue)|(?:proxima|otra|siguiente) semana|semana (?:proxima|siguiente|entrante)",
        just(lambda today: days.a_week(today, 1)),
    ),
    (r"est[ae](?: misma)? semana|en la semana(?! del?\b| que| prox)", just(lambda today: days.a_week(today, 0))),
    (
        r"entre semana|(?:un |los )?dias? (?:de|en|entre) semana|(?:un |los )?dias? (?:habil(?:es)?|laborables?)",
        just(lambda today: days.any_day(today, days.WORKDAYS)),
    ),
    (
        r"mes que (?:viene|entra|sigue)|(?:proximo|otro|siguiente) mes|mes (?:proximo|siguiente|entrante)",
        just(lambda today: days.a_month(today, 1)),
    ),
    (r"este(?: mismo)? mes", just(lambda today: days.a_month(today, 0))),
    (
        r"(?P<place>primera|segunda|tercera|cuarta|ultima) semana del? (?:(?:este )?mes(?! que| prox)|(?P<next>mes que viene|mes proximo|proximo mes)|@MONG)",
        week_of_month,
    ),
    (r"fin(?:es)? de ano", just(lambda today: days.part_of_month(today, "end", 12 - today.month))),
    (
        r"(?P<place>primer|segundo|tercer|cuarto|ultimo|[1-4]) (?P<wd>@WD) del? (?:(?:este )?mes(?! que| prox)|(?P<next>mes que viene|mes proximo|(?:el )?proximo mes)|(?:mes de )?(?P<mon>@MON))",
        nth,
    ),
    # Dates with a number.
    (
        r"semana del (?:(?P<wd>@WD) )?(?P<n>\d{1,2})(?: de @MONG@YEAR|(?!\d))",
        week_of,
    ),
    (
        r"(?:el |dias )?(?P<n>\d{1,2}) , (?P<also>\d{1,2}) (?:o|u|y) (?:el )?(?P<more>\d{1,2}) de @MONG@YEAR",
        NAMES.of_month,
    ),
    (r"(?:el|dias) (?P<n>\d{1,2}) , (?P<also>\d{1,2}) (?:o|u|y) (?:el )?(?P<more>@N)", NAMES.numbered),
    (r"(?:(?P<wd>@WD),? )?(?P<date>[dy]\d+/\d+/\d+)", NAMES.whole),
    (
        r"(?:(?P<wd>@WD) ,? ?)?(?:el )?(?:dia )?(?P<n>\d{1,2}) (?:y|o|u) (?:el )?(?P<also>\d{1,2}) de @MONG@YEAR",
        NAMES.of_month,
    ),
    (
        r"(?:del?|desde el|entre el|el) (?P<n>\d{1,2}) (?:al?|hasta el|y el) (?P<to>\d{1,2}) de @MONG@YEAR",
        NAMES.of_month,
    ),
    (
        r"(?:(?P<wd>@WD) ,? ?)?(?:el )?(?:dia )?(?P<n>\d{1,2}) (?:del? )?(?:mes de )?@MONG@YEAR(?P<door> \d{3,5})?",
        street_or_date,
    ),
    (r"@MONG (?P<n>@N)@YEAR", NAMES.of_month),
    (r"(?:(?P<wd>@WD) ,? ?)?(?:el )?(?:dia )?(?P<n>\d{1,2})(?:/| del )(?P<m>\d{1,2})(?![\d/:]|[.,]\d)", NAMES.slashed),
    (r"(?:del|desde el|entre el) (?P<n>\d{1,2}) (?:al|hasta el|y el) (?P<to>@N)", NAMES.numbered),
    (r"(?:el|dia) (?P<n>\d{1,2}) (?:o|u|y) (?:el )?(?P<also>@N)", NAMES.numbered),
    (r"(?:el|dia) (?P<n>\d{1,2})-(?P<m>\d{1,2})(?![\d/:-]|[.,]\d)", NAMES.slashed),
    (r"(?P<wd>@WD) ,? ?(?:el )?(?:dia )?(?P<n>@N)", NAMES.numbered),
    (r"al (?P<n>@N)", lambda match, seen: NAMES.numbered(match, seen) if seen.moving else ()),
    (r"(?:el dia|el|dia|del) (?P<n>@N)(?! (?:[a-z]+ )?(?:opcion|horario))", NAMES.numbered),
    # Weekdays.
    (r"(?:desde el|desde|entre el|entre|del|de) (?P<wd>@WD) (?:al|a|hasta el|hasta|y el|y) (?P<to>@WD)", NAMES.span),
    (r"(?P<wd>@WD) (?:al|a|hasta el|-) (?P<to>@WD)", NAMES.span),
    (r"(?:el )?(?:proximo (?P<wd>@WD)(?: que viene)?)", NAMES.coming),
    (r"(?:este )?(?P<wd>@WD) (?:que viene|que entra|que sigue|siguiente|proximo|entrante)", NAMES.coming),
    (r"(?:este )?(?P<wd>@WD)(?: que viene)? o el (?:que viene|que sigue|siguiente|proximo|otro)", NAMES.plural),
    (r"est?e (?:mismo )?(?P<wd>@WD)", NAMES.this),
    (r"(?:el )?otro (?P<wd>@WD)", NAMES.other),
    (r"(?:los|todos los) (?P<wd>@WD)(?= de @MON)", NAMES.named),
    (r"(?:los|todos los) (?P<wd>@WD)", NAMES.plural),
    (r"(?P<wd>@WD)", NAMES.named),
    (r"(?:en|para|durante|de)(?: el)?(?: mes de)? @MONG(?! \d{1,2}(?!\d))@YEAR", NAMES.month),
    # Whenever.
    (
        r"(?:solo|solamente|unicamente|siempre)(?: (?:puedo|podria|podemos|tengo libre))?(?= (?:a|por|de|despues|antes|desde|hasta|entre)\b)",
        just(days.any_day),
    ),
    (
        (
            r"cualquier(?:a de los)? dias?|(?:cuando|ni bien) (?:(?:vos|usted|ustedes) )?(?:quieras|quieran|quiera|puedas|puedan|pueda|gustes|guste|tengas|tengan|haya)|todos los dias|me da (?:igual|lo mismo)|"
            r"el dia que (?:quieras|quieran|puedas|puedan|sea|tengas|tengan)|lo antes posible|cuanto antes|lo mas (?:pronto|rapido|temprano) posible|"
            r"(?:los )?proximos dias|estos dias|en cuanto (?:puedas|puedan|se pueda)"
        ),
        just(days.any_day),
    ),
    # An edge of the days that follow.
    (r"(?:despues|luego)(?= del? )", mark("after")),
    (r"a partir(?= del? )|desde", mark("from")),
    (r"antes(?= del? )", mark("before")),
    (r"hasta", mark("until")),
    (r"(?P<low>@T)", hour_behind),
)
RULES = Rules((*TIME_RULES, *MARK_RULES, *DAY_RULES), MACROS, MOVING)
