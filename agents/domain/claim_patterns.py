"""Sentences that claim a finished act, as data: which words, and which receipt would make them true.

Patterns run over the plain reading (lower case, no accents): "agendé" and "agende" read the same there, so
first-person forms are anchored by what stands before or after them.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClaimKind:
    """`receipts` are the receipt kinds of which one must exist; empty = nothing here can do it, so it is never true.

    `state`: says how a thing stands and not who did it, so it is true too when a tool told just that.
    `doubt`: a fact that many sources may give, so a claim only where it was looked up in this turn and the look-up failed.
    """

    name: str
    receipts: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    state: bool = False
    doubt: bool = False


# What a look-up that failed leaves in doubt, by the tool that looks it up.
LOOK_UPS = {"search_products": "stock", "check_stock": "stock"}
# "te la", "se lo", "ya", "recién" … in front of a first-person past.
_PRE = r"(?:(?:ya|recien|ahi|aca|listo|perfecto|genial|bien|dale|ok|hecho|buenisimo|excelente|joya|barbaro|tambien|y|yo)[ ,:!.]*)*(?:te |le |les |me |se )?(?:l[oa]s? )?"
_BEGIN = r"(?:^|[,;:] ?|\b(?:ya|recien|ahi|aca|listo|y|que|tambien|yo|asi que|hoy|porque|e)\s)"
_HAVE = r"\b(?:he|hemos|i'?ve|i have|we'?ve|we have)(?: (?:just|already|now|also|successfully|gone ahead and))*"
# "I" right before the verb, or earlier in the same clause: "I've booked you and refunded your payment".
_I = (
    r"(?:\b(?:i|we)(?: (?:just|already|also|successfully|went ahead and))*"
    r"|\b(?:i|we|i'?ve|we'?ve)\b (?!(?:can |do )?(?:understand|see|know|hear|heard|notice|noticed|believe|think|hope|guess)\b)[^.?!;]{2,80}?\b(?:and|then)(?: (?:i|we|just|already|also|then))*)"
)
_DONE = r"(?:ya )?(?:qued[oa](?:ron|n)?|esta(?:n)?|fue(?:ron)?|ha(?:n)? (?:sido|quedado)|he dejado|te deje|deje|dejo)(?: \w+){0,3}"
_BE = r"(?:is|are|has been|have been|was|were|'s)(?: (?:now|all|successfully|already|officially))*"
_JUST = r"\b(?:acabo de|acabamos de|logre|logramos|pude|pudimos|termine de) (?:\w+ )?"
_SLOT = r"(?:turno|cita|reserva|reunion|visita|consulta|hora|lugar|llamada|entrevista|demo|mesa|appointment|meeting|booking|visit|slot|reservation|call)"


def _kind(name: str, receipts: str, *patterns: str, state: bool = False, doubt: bool = False) -> ClaimKind:
    compiled = tuple(re.compile(pattern) for pattern in patterns)
    return ClaimKind(name, frozenset(receipts.split()), compiled, state, doubt)


_COLLEAGUE = (
    r"(?:equipo|companer\w+|encargad\w+|colegas?|taller|deposito|responsables?|duen\w+|gerent\w+|jef[ea]s?|tecnic\w+"
    r"|doctor\w*|dra?|administracion|ventas|vendedor\w*|sector|area|especialistas?|team|colleagues?|manager|workshop"
    r"|warehouse|office|staff|supervisor|boss|specialist)\b"
)

CLAIM_KINDS: tuple[ClaimKind, ...] = (
    # An act of this turn: made or moved now.
    _kind(
        "booking",
        "booking booking_move",
        rf"{_BEGIN}{_PRE}(?:agende|reserve|coordine|programe|confirme|asigne)\b(?! (?:que|si|su|con tu|por favor))",
        r"\b(?:te|le|les|la|lo) (?:agende|reserve|coordine|programe|asigne|confirme el (?:turno|horario)|saque (?:un )?turno)\b",
        r"\b(?:te|le|les|l[oa]s?) (?:aparte|separe|guarde|bloquee|deje) (?:el |la |un |una |tu |su |ese |esa )?(?:turno|lugar|horario|hora|cita|espacio|cupo)\b",
        rf"{_HAVE} (?:agendado|reservado|programado|coordinado|confirmado|booked|scheduled|reserved|confirmed|arranged|set up|penciled|saved you a)\b",
        rf"{_I} (?:booked|scheduled|reserved|confirmed your|arranged|set up|penciled you) ?",
        r"\b(?:listo|perfecto|ya|ahi|hecho|genial|dale|ok|buenisimo|barbaro)\b[ ,:!.]+(?:entonces |pues )?(?:te|le|los|las) (?:agendo|reservo|anoto) (?:para|el|la|manana|un|hoy|a las)\b",
        rf"{_JUST}(?:agend|reserv|coordin|program|confirm|asign)ar(?:te|le|l[oa]s?|tel[oa])?\b",
        r"\b(?:agendei|marquei|reservei)\b",
    ),
    # How things stand: true after an act of this turn, and when the person's appointments were looked up in it.
    _kind(
        "booking",
        "booking booking_move appointments",
        rf"\b{_DONE} (?:agendad|reservad|programad|coordinad|confirmad|asignad)[oa]s?\b(?! como| que)",
        rf"\b{_SLOT}\b(?: \w+){{0,6}} (?:ya )?(?:agendad|reservad|programad|confirmad|coordinad)[oa]s?\b(?! como| que| por| con \d)",
        r"\b(?:turno|cita|reserva|reunion|visita) (?:confirmad|agendad|reservad)[oa]\b|^(?:listo|perfecto|genial|ya)?[ ,!.]*(?:agendad|reservad|confirmad)[oa]s?\b",
        rf"\b{_SLOT}\b(?: \w+){{0,6}} {_BE} (?:booked|scheduled|reserved|confirmed|set)\b",
        r"\b(?:you'?re|you are) (?:all )?(?:booked|scheduled|confirmed|set for|down for|in for)\b|^(?:all )?(?:booked|scheduled|confirmed)\b",
        r"\b(?:te|l[oa]s?) espera(?:mos|n|re)? (?:el|este|manana|hoy)\b[^?]{0,30}\ba las \d|\bte espero (?:el|este|manana|hoy)\b[^?]{0,30}\ba las \d",
        r"\b(?:nos vemos|see you|we'll see you|we expect you) (?:(?:el|este|on|this|next|manana|hoy|tomorrow|today)\b[^?]{0,30})?\b(?:a las|at) \d",
        r"\bqued(?:aste|as|a|an|aron) (?:ya )?(?:agendad|reservad|anotad|confirmad|citad)[oa]s?\b",
        r"\b(?:turno|cita|reserva|visita) asignad[oa]\b|\bi (?:have|'ve got|got|put) you down (?:for|on)\b|\bit'?s (?:all )?(?:booked|scheduled|reserved)\b",
        r"\bconsulta (?:esta )?(?:agendada|marcada|confirmada)\b",
        rf"\b(?:usted |vos )?(?:ya )?(?:tenes|tienes|tiene) (?:ya )?(?:un |una |el |la |tu |su |otr[oa] )?{_SLOT}(?::| (?:ya |\w+ ){{0,3}}(?:el|para el|para|manana|hoy|a las|este|pasado)\b(?! disponible))",
        rf"\b(?:you|you'?ve|you have)(?: (?:already|now|got|have))* (?:an?|your) (?:\w+ )?{_SLOT} (?:\w+ ){{0,4}}(?:on|at|for|tomorrow|today|this|next)\b",
        rf"\b(?:tu|su|your) (?:proxim[oa] |next )?{_SLOT} (?:ya |ahora |now )?(?:es|queda|is) (?:el|para|manana|hoy|este|pasado|a las|on|at|tomorrow|today|this|for|now)\b",
    ),
    _kind(
        "booking_change",
        "booking_move booking",
        rf"{_BEGIN}{_PRE}(?:reprograme|reagende|movi|pase|cambie|corri|adelante|postergue|traslade) (?:tu|su|el|la|l[oa]s) (?:\w+ )?{_SLOT}\b",
        r"\b(?:te|le|les|l[oa]s?) (?:reprograme|reagende)\b",
        r"\b(?:te|le|se) (?:l[oa]s? )?(?:movi|pase|cambie|corri|deje|adelante|postergue) (?:para|al|a la|a las|a manana|a hoy)\b",
        rf"\b{_SLOT}\b(?: \w+){{0,5}} (?:quedo|queda|esta|fue|ha sido) (?:reprogramad|reagendad|movid|cambiad|trasladad)[oa]\b",
        rf"{_HAVE} (?:reprogramado|reagendado|movido tu|cambiado tu|rescheduled|moved (?:your|you|the|it))\b",
        rf"{_I} (?:rescheduled|moved|changed|switched) (?:your|you|the|it)\b",
        rf"\b{_SLOT}\b(?: \w+){{0,5}} {_BE} (?:rescheduled|moved|changed)\b",
        rf"{_JUST}(?:reprogram|reagend|mov|cambi)[ae]r(?:te|le|l[oa]s?|tel[oa])?\b",
    ),
    _kind(
        "booking_change",
        "booking_cancel",
        rf"{_BEGIN}{_PRE}(?:cancele|anule|borre|elimine|di de baja|dimos de baja) (?:tu|su|el|la|l[oa]s) (?:\w+ )?{_SLOT}\b",
        r"\b(?:te|le|les|l[oa]s?) (?:cancele|anule|di de baja)\b",
        rf"\b{_SLOT}\b(?: \w+){{0,5}} (?:quedo|queda|esta|fue|ha sido) (?:cancelad|anulad|dad[oa] de baja|eliminad)[oa]?\b",
        rf"{_HAVE} (?:cancelado|anulado|cancell?ed)\b",
        rf"{_I} (?:cancell?ed|deleted|removed) (?:your|the|it)\b",
        rf"\b{_SLOT}\b(?: \w+){{0,5}} {_BE} (?:cancell?ed|deleted)\b",
        rf"{_JUST}(?:cancel|anul)ar(?:te|le|l[oa]s?|tel[oa])?\b|^(?:listo|perfecto|ya|done)?[ ,!.]*(?:cancelad[oa]|cancell?ed)s?\b",
    ),
    _kind(
        "record",
        "record booking",
        rf"{_BEGIN}{_PRE}(?:anote|registre|guarde|cargue|agregue|actualice|apunte|tome nota)\b(?! (?:que|si|su|con tu|por favor))(?! al carrito)",
        r"\b(?:te|le|les|l[oa]s?) (?:anote|registre|guarde|cargue|agregue|actualice|apunte|inscribi|di de alta)\b|\btome nota\b|\bya (?:tome|tomamos) nota\b",
        r"\b(?:quedo|quedaron|deje|he dejado)(?: \w+){0,3} (?:anotad|registrad|guardad|cargad|agendad|asentad|inscript|actualizad)[oa]s?\b",
        r"\b(?:datos|nombre|telefono|numero|mail|correo|consulta|pedido|solicitud|reclamo|direccion|informacion|preferencias?|todo)\b(?: \w+){0,4} (?:ya )?(?:esta|estan|fue|fueron|ha sido|han sido) (?:anotad|registrad|guardad|cargad|asentad|actualizad)[oa]s?\b",
        r"^(?:listo|perfecto|genial|ya|dale|ok|buenisimo)?[ ,!.]*(?:anotad|registrad|guardad|inscript)[oa]s?\b",
        rf"{_HAVE} (?:anotado|registrado|guardado|cargado|agregado|actualizado|tomado nota|noted|recorded|registered|saved|added|updated|taken note|logged|entered)\b",
        rf"{_I} (?:noted|recorded|registered|saved|logged|wrote down|updated your|added you|took note)\b",
        rf"\b(?:details?|data|information|info|request|name|number|email|profile|order|inquiry)\b(?: \w+){{0,3}} {_BE} (?:noted|recorded|registered|saved|updated|logged)\b",
        rf"{_JUST}(?:anot|registr|guard|carg|agreg|actualiz|apunt)ar(?:te|le|l[oa]s?|tel[oa])?\b",
        r"\b(?:anotei|registrei|salvei seus|cadastrei)\b|^(?:duly )?(?:noted|registered|saved)\b",
        # A sale that was closed, an urgency that was judged, fields that were filled in.
        r"(?<!como )(?<!si )(?<!que )(?<!porque )\b(?:ya|ahora|desde (?:hoy|ahora)) (?:ya )?(?:sos|eres|es usted|son) (?:oficialmente )?(?:nuestr[oa] |un[ao]? )?(?:nuev[oa] )?cliente\b",
        r"\bqued(?:aste|o|a|as) (?:\w+ )?como (?:nuev[oa] )?cliente\b|\b(?:te|l[oa]) (?:converti|pase|di de alta) (?:en|a|como) cliente\b",
        r"\byou(?:'re| are) (?:now|officially)(?: (?:now|officially))? (?:a|our|one of our) (?:new )?(?:client|customer)s?\b",
        rf"{_BEGIN}{_PRE}(?:marque|clasifique|priorice) (?:tu|su|el|la|l[oa]s?|como) (?:\w+ ){{0,4}}(?:urgen\w+|priori\w+|emergencia)\b",
        r"\b(?:te|l[oa]) (?:marque|clasifique) como \w*\s?(?:urgen\w+|priori\w+)\b|\b(?:caso|consulta|pedido) qued[oa] (?:marcad|clasificad)[oa]\b",
        rf"(?:{_HAVE}|{_I}) (?:marked|flagged|classified|prioriti[sz]ed) (?:your|this|the|it|you)\b",
        rf"(?:{_HAVE}|{_I}) (?:filled in|filled out|completed) (?:your|the) (?:\w+ )?(?:profile|details|file|record|form|card)\b",
        r"\b(?:ya|recien|ahi|listo,?) (?:te )?complete (?:tu|su|la|l[oa]s|todos|todas) (?:\w+ ){0,2}(?:ficha|datos|campos|perfil|formulario)\b",
    ),
    _kind(
        "handoff",
        "handoff",
        rf"{_BEGIN}{_PRE}(?:derive|transferi|escale|comunique|pase|avise|notifique|informe) (?:tu |su |el |la |l[oa]s |a |al |con |ya )(?:\w+ ){{0,3}}(?:consulta|caso|pedido|mensaje|chat|conversacion|equipo|persona|asesor\w*|vendedor\w*|encargad\w+|companer\w+|doctor\w*|dra?|tecnic\w+|sector|area|administracion|ventas|soporte|humano|colega|especialista|responsable)\b",
        r"\b(?:te|le|la|lo) (?:derive|transferi|comunique|pase) (?:con|a|al)\b",
        r"\b(?:te|le|lo|la) (?:paso|derivo|transfiero|comunico|conecto|estoy (?:pasando|derivando|transfiriendo|comunicando))(?: ya| ahora| directamente| enseguida)* (?:con|al?|a la|a un[ao]?) (?:\w+ ){0,2}(?:persona|humano|asesor\w*|vendedor\w*|agente|representante|equipo|encargad\w+|companer\w+|especialista|doctor\w*|tecnic\w+|colega|responsable|area|sector|operador\w*|alguien|ventas|soporte|administracion)\b",
        r"\b(?:te|le|l[oa]s?|ya|se l[oa]) (?:avise|notifique|informe|avisamos|notificamos) (?:a|al|a la|a los|a mi)\b|\bse l[oa] (?:avise|pase|comunique|derive) (?:a|al)\b",
        rf"\b{_DONE} (?:derivad|transferid|escalad|asignad|avisad|notificad|informad)[oa]s?\b",
        rf"{_HAVE} (?:derivado|transferido|escalado|avisado|notificado|transferred|escalated|forwarded|passed|handed|notified|alerted|informed|let|connected|assigned)\b",
        rf"{_I} (?:transferred|escalated|forwarded|passed (?:you|your|this|it)|notified|alerted|informed|let the|handed|connected you) ?",
        r"\bi(?:'m| am) (?:now )?(?:transferring|connecting|passing|forwarding|handing|putting) (?:you|your|this)\b",
        rf"\b(?:team|colleague|request|case|chat|conversation|you)\b(?: \w+){{0,3}} {_BE} (?:notified|transferred|escalated|forwarded|informed|connected|passed)\b",
        rf"{_JUST}(?:avisar|derivar|transferir|pasar|notificar|escalar|comunicar)(?:te|le|les|l[oa]s?|sel[oa])?\b",
        r"\b(?:solicite|pedi|le pedi|he pedido|he solicitado|solicitamos)\b (?:que |a )(?:\w+ ){0,4}(?:te |se |lo )(?:contact|comuni|llam|escrib|atiend)\w+",
        r"\b(?:conversation|chat|case|request)\b (?:\w+ ){0,2}(?:has been|is|was) (?:now )?assigned\b",
        r"\b(?:transferi voce|encaminhei|avisei (?:a|o) equipe|estou transferindo)\b",
    ),
    # That a colleague is being asked, or was.
    _kind(
        "asking",
        "question handoff",
        rf"\b(?:te|le|les|se|ya|recien|ahi|l[oa]s?) (?:l[oa]s? )?(?:consulte|pregunte|averigue|consulto|pregunto)\b(?: \w+){{0,3}} (?:con|al?) (?:\w+ ){{0,2}}{_COLLEAGUE}",
        rf"\best(?:oy|amos) (?:consultando|preguntando|averiguando)(?:l[oa]s?|[st]el[oa]s?|[tl]e)?\b(?: \w+){{0,3}} (?:con|al?) (?:\w+ ){{0,2}}{_COLLEAGUE}",
        r"\bya (?:te |se )?l[oa]s? (?:consulte|pregunte)\b|\b(?:quedo|esta|fue) consultad[oa]s?\b",
        rf"{_HAVE} (?:consultado|preguntado)\b(?: \w+){{0,4}} (?:con|al?) (?:\w+ ){{0,2}}{_COLLEAGUE}",
        rf"{_HAVE} (?:asked|consulted|checked (?:\w+ )?with)\b",
        rf"{_I} (?:asked|consulted|checked (?:\w+ )?with) (?:the|my|our|an?) (?:\w+ )?{_COLLEAGUE}",
        rf"\b(?:i'?m|i am|we'?re|we are) (?:now |already )?(?:asking|consulting|checking (?:\w+ )?with) (?:the|my|our|an?) (?:\w+ )?{_COLLEAGUE}",
    ),
    # What a colleague answered: only the answer of a person of the team makes it true.
    _kind(
        "answer",
        "answered",
        rf"\b{_COLLEAGUE}(?: de \w+)?(?: \w+)? (?:ya |recien )?(?:me|nos) (?:lo |ha |han )?(?:confirm(?:o|aron|ad[oa])|respondi(?:o|eron|do)|contest(?:o|aron)|autoriz(?:o|aron|ado)|aprob(?:o|aron)|dijo|dijeron|dicen|dice|confirma)\b",
        rf"\b(?:me|nos) (?:lo )?(?:confirm(?:o|aron)|respondi(?:o|eron)|contest(?:o|aron)|autoriz(?:o|aron)|aprob(?:o|aron)) (?:ya )?(?:en |de |del |desde )?(?:el |la |los |las |mi |un |una )?(?:\w+ )?{_COLLEAGUE}",
        rf"\b(?:the|our|my|an?) (?:\w+ )?{_COLLEAGUE} (?:has |have |just |already )*(?:confirmed|told me|got back to me|replied|answered me|approved (?:it|this|that|your)|authori[sz]ed)\b",
    ),
    _kind(
        "stock",
        "",
        r"\b(?:hay|tenemos|tengo|queda|quedan|contamos con)\b(?: \S+){0,6} (?:stock|unidad|unidades|disponibles?)\b",
        r"\b(?:hay|tenemos|quedan?) (?:stock|unidades|disponibles?)\b",
        r"\b(?:esta|estan|sigue|siguen) (?:\w+ )?(?:en stock|disponibles?)\b",
        r"\b(?:we (?:do |still )?have|we'?ve got|there(?:'s| is| are))\b(?: \S+){0,6} (?:in stock|available|left)\b",
        r"\b(?:is|are|it's|they're)(?: (?:currently|still|now))? (?:in stock|available)\b",
        doubt=True,
    ),
    _kind(
        "sending",
        "sending",
        r"\b(?:te|le|les|se l[oa]s?) (?:envie|mande|reenvie|remiti|comparti) (?:\w+ ){0,4}(?:mail|correo|e-?mail|sms|whatsapp|archivo|pdf|catalogo|link|enlace|comprobante|factura|invitacion|presupuesto|cotizacion|contrato|formulario|documento|folleto|ubicacion)\b",
        r"\b(?:te|le|les|se l[oa]s?) (?:envie|mande|reenvie)\b[^?]{0,30}\b(?:por|a tu|al|a su) (?:mail|correo|e-?mail|sms|whatsapp|casilla)\b",
        rf"{_BEGIN}{_PRE}(?:envie|mande) (?:el|la|un|una|tu|su) (?:\w+ )?(?:mail|correo|e-?mail|comprobante|factura|invitacion|presupuesto|cotizacion|contrato|pedido)\b",
        rf"(?:{_HAVE}|{_I}) (?:enviado|mandado|sent|e-?mailed|texted|forwarded you|dispatched|shipped)\b",
        rf"{_JUST}(?:enviar|mandar|reenviar|remitir)(?:te|le|les|l[oa]s?|tel[oa])? (?:\w+ ){{0,5}}(?:mail|correo|e-?mail|sms|whatsapp|archivo|pdf|catalogo|link|enlace|comprobante|factura|invitacion|presupuesto|cotizacion|contrato)\b",
        r"\b(?:enviei|mandei) (?:o|a|um|uma|seu|sua)\b",
    ),
    _kind(
        "money",
        "money",
        r"\b(?:te|le|les) (?:aplique|hice|di|active|otorgue|consegui) (?:\S+ ){0,4}(?:descuento|bonificacion|reintegro|cupon|promocion|promo|precio especial|devolucion|reembolso)\b",
        rf"{_BEGIN}{_PRE}(?:aplique|bonifique|procese|acredite|reintegre|reembolse|cobre|registre|recibi|recibimos|verifique|confirme) (?:el |la |tu |su |un |una )?(?:\w+ )?(?:descuento|envio|pago|reintegro|reembolso|devolucion|cobro|transferencia|compra|bonificacion|cupon)\b",
        rf"(?:{_HAVE}|{_I}) (?:applied|processed|refunded|credited|charged|received|issued|aplicado|procesado|acreditado|reintegrado|recibido tu pago) ?(?:\w+ ){{0,3}}(?:discount|payment|refund|coupon|descuento|pago|reembolso|you|your)?\b",
    ),
    _kind(
        "order",
        "order",
        rf"{_BEGIN}{_PRE}(?:hice|cargue|genere|realice|tome|emiti|prepare|despache) (?:tu|su|el|la|un|una) (?:pedido|compra|orden|encargo|factura|envio)\b",
        r"\b(?:te|le) (?:separe|aparte|guarde|reserve) (?:un|uno|una|el|la|tu)\b",
        rf"(?:{_HAVE}|{_I}) (?:placed|created|processed|submitted) (?:your|the|an) (?:\w+ )?(?:order|purchase)\b",
    ),
    # The same as how things stand.
    _kind(
        "sending",
        "sending",
        r"\b(?:mail|correo|invitacion|presupuesto|factura|comprobante|catalogo|pedido|paquete)\b(?: \w+){0,4} (?:fue|ya fue|ha sido|esta|quedo) (?:enviad|mandad|despachad|remitid)[oa]\b",
        rf"\b(?:e-?mail|invitation|quote|invoice|receipt|catalog(?:ue)?|order|package|confirmation)\b(?: \w+){{0,4}} {_BE} (?:sent|shipped|dispatched|e-?mailed)\b",
        r"\b(?:pedido|paquete|compra|orden|encargo|envio)\b(?: \w+){0,3} (?:esta|va|viene|sigue|se encuentra|salio) (?:\w+ )?(?:en (?:camino|viaje|transito|reparto))\b",
        r"\b(?:pedido|paquete|compra|orden|encargo|envio)\b(?: \w+){0,3} (?:fue|ya fue|ha sido|figura) entregad[oa]\b",
        r"\b(?:order|package|parcel|shipment|purchase)\b(?: \w+){0,3} (?:is|'s)(?: (?:now|already|currently|still))* (?:on (?:its|the) way|in transit|out for delivery)\b",
        r"\b(?:order|package|parcel|shipment|purchase)\b(?: \w+){0,3} (?:was|has been|is now)(?: already)? delivered\b",
        state=True,
    ),
    _kind(
        "money",
        "money",
        r"\b(?:pago|descuento|reintegro|reembolso|transferencia|compra|devolucion)\b(?: \w+){0,3} (?:fue|quedo|esta|ha sido) (?:aplicad|acreditad|procesad|registrad|confirmad|aprobad|recibid)[oa]\b",
        rf"\b(?:payment|refund|discount|transfer|purchase)\b(?: \w+){{0,3}} {_BE} (?:applied|processed|received|confirmed|approved|issued|credited)\b",
        state=True,
    ),
    _kind(
        "order",
        "order",
        r"\b(?:pedido|compra|orden|encargo)\b(?: \w+){0,3} (?:quedo|esta|fue|ha sido) (?:realizad|hech|generad|cargad|tomad|confirmad|procesad|ingresad)[oa]\b",
        rf"\b(?:order|purchase)\b(?: \w+){{0,3}} {_BE} (?:placed|confirmed|processed|created|submitted)\b",
        state=True,
    ),
)

# Words of one state, in the languages of systems and of replies; each by how it begins.
STATES: tuple[frozenset[str], ...] = tuple(
    frozenset(word.replace("_", " ") for word in words.split())
    for words in (
        "enviad mandad remitid despachad sent e-mailed emailed shipped dispatched en_camino en_viaje en_transito en_reparto on_its_way on_the_way in_transit out_for_delivery",
        "entregad delivered",
        "aprobad approved",
        "acreditad credited",
        "procesad processed",
        "registrad ingresad cargad registered submitted",
        "confirmad confirmed",
        "recibid received",
        "aplicad applied",
        "realizad hech generad tomad placed created issued",
    )
)
# What turns the same words into something else than a claim, when it stands in front of them in the same clause.
NOT_A_CLAIM_BEFORE: tuple[re.Pattern[str], ...] = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:no|nunca|todavia no|aun no|tampoco|jamas|ni|sin|not|never|haven'?t|hasn'?t|didn'?t|couldn'?t|can'?t|cannot|isn'?t|aren'?t|wasn'?t|nao|unable)\b(?: \S+){0,5} ?$",
        r"\b(?:si|cuando|una vez que|en cuanto|apenas|para que|hasta que|despues de que|antes de que|ni bien|siempre que|aunque|a menos que|if|when|once|until|unless|as soon as|before|after|in case|so that|se|quando|whether)\b[^.]{0,60}$",
        r"\b(?:voy a|vamos a|va a|van a|quiero|puedo|podria|podemos|necesito|debo|tengo que|hay que|conviene|will|'ll|would|can|could|should|may|might|going to|need to|have to|want to|able to|let me|try to|to be|be)(?: \S+){0,3} ?$",
        r"\b(?:queres que|quieres que|te gustaria que|desea que|prefieres que|preferis que|necesitas que|recorda que|podes pedir que|do you want me to|would you like me to|pedile que|decile que|espera(?:r)? (?:a )?que)\b[^.]{0,40}$",
        r"\b(?:vos|usted|ustedes|you|el cliente|ella|ellos|el banco|la obra social|mercado pago)(?: ya)?(?: te| le| me| se| lo| la)? ?$",
        r"\b(?:segun|dice que|dijiste que|me decis que|contaste que|comentaste que|mencionaste que|entiendo que|veo que (?:vos|ya) |you said|you mentioned|you told me|i understand)\b[^.]{0,40}$",
        r"\b(?:ejemplo|for example|suponiendo|imagina|supongamos)\b[^.]{0,40}$",
    )
)
# Present state read back from data is a claim too, but pointing at an earlier message is not a new act.
REFERS_BACK = re.compile(
    r"\b(?:mas arriba|arriba|en (?:el|mi) mensaje anterior|aca (?:abajo|arriba)|antes en este chat|above|in my (?:last|previous) message|earlier in this chat|here in the chat|aca en el chat)\b"
)
# Words that make a claim a rule, a duty or a possibility when they stand inside it.
NOT_A_CLAIM_INSIDE = re.compile(
    r"\b(?:tiene[ns]? que|debe[ns]?|puede[ns]?|deberia[ns]?|suele[ns]?|hay que|necesita[ns]?|conviene|sera[ns]?|seria[ns]?|no|must|should|can|may|might|needs? to|have to|has to|will|would|usually|not|never)\b"
)
