"""Words by which rules tell what a message is about (Spanish and English, plain reading, whole words).

`strong`: it asks for that in so many words, an act with its object. `weak`: it names a thing of that subject. "Consulta"
alone is none: "consulta de precio" is about a price, "una consulta" is a greeting, only "pedir consulta" is a booking.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What tells that a clause is about `subject`."""

    subject: str
    strong: tuple[re.Pattern[str], ...]
    weak: tuple[re.Pattern[str], ...]


def _rule(subject: str, *, strong: tuple[str, ...], weak: tuple[str, ...]) -> Rule:
    def compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(rf"\b(?:{pattern})\b") for pattern in patterns)

    return Rule(subject, compiled(strong), compiled(weak))


_A = r"(?: (?:un|una|el|la|mi|otro|otra|ese|este|a|an|the|my|another|new))?"
_SLOT = r"(?:turnos?|citas?|reserva|reunion|visita|entrevista|sesion|appointments?|booking|visit|slots?|meeting)"
_BILL = r"(?:facturas?|recibos?|comprobantes?|boletas?|invoices?|receipts?|bill)"
_PAY = r"(?:pagar|pago|abonar|transferir|transferencia|pay|payment|transfer)"
_GOODS = r"(?:pedido|compra|producto|equipo|envio|paquete|termotanque|calefon|order|purchase|product|package|parcel|delivery|unit)"

RULES: tuple[Rule, ...] = (
    _rule(
        "complaint",
        strong=(
            r"(?:quiero|voy a|vengo a|necesito) (?:hacer|dejar|presentar|poner|radicar|iniciar)(?: un| una)? (?:reclamo|queja|denuncia)",
            r"(?:hacer|tengo|es) un(?:a)? (?:reclamo|queja)",
            r"(?:quiero|voy a|vengo a) (?:reclamar|quejarme|denunciar(?:los)?)",
            r"(?:exijo|quiero|pido|solicito)(?: que me)? (?:mi plata|la plata|mi dinero|(?:el |un )?reembolso|devuelvan|reintegren|(?:la )?devolucion)",
            r"(?:son unos|que|una) (?:estafa|estafadores|verguenza|chantas|ladrones|desastre)|me (?:estafaron|mintieron|enganaron)|defensa (?:al|del) consumidor",
            r"(?:pesimo|pesima|horrible|malisima?|desastroso|desastrosa) (?:servicio|atencion|experiencia)",
            r"(?:file|make|lodge|submit|have)(?: a| an)? complaint|i(?:'m| am) complaining|want(?: to)? complain",
            r"(?:want|demand|need|get) (?:a |my |the )?(?:refund|money back)|(?:this is|it'?s|what) a (?:scam|rip-?off|disgrace)|(?:terrible|awful|horrible|worst) (?:service|experience)",
        ),
        weak=(r"reclamos?|quejas?|complaints?",),
    ),
    _rule(
        "billing",
        strong=(
            rf"(?:necesito|quiero|quisiera|mandame|me (?:mandas|pasas|envian|mandan|envias)|pueden (?:mandarme|enviarme)|enviarme|solicito|pido|falta|perdi|descargar|no me llego|donde (?:veo|esta|bajo))(?: \w+){{0,3}} {_BILL}",
            rf"(?:donde|como|con que|puedo|quiero|acabo de|ya|te|les|hay que|para|aceptan|hice(?: el| la)?) (?:{_PAY}|pague|transferi|hacer el pago|abono|abone|deposito)(?: (?:la|mi|el|una|esa))? ?(?:cuota|factura|deuda|saldo|mes|abono|sena|transferencia|turno|consulta)?",
            r"(?:cuanto|que) (?:debo|adeudo|saldo tengo|tengo que pagar)|(?:saldo|estado de cuenta|cuenta corriente|mi deuda)",
            r"(?:me )?(?:cobraron|facturaron|debitaron|descontaron)(?: \w+){0,3}|cobro (?:duplicado|doble|de mas)|doble cobro|cargo (?:duplicado|que no)",
            r"(?:cual es|pasame|me pasas|me pasan|dame|necesito)(?: \w+){0,2} (?:cbu|alias|cvu|datos bancarios|cuenta bancaria)",
            rf"(?:send|email|need|get|want|download|resend|where is|where can i find|lost)(?: me)?(?: \w+){{0,2}} (?:{_BILL}|statement)",
            r"(?:how|where|can i|i want to|like to|way to|i) (?:do i |can i |to )?(?:pay|paid)(?: (?:my|the|this))? ?(?:bill|invoice|balance|instal\w+)?|how much do i owe|(?:was|been|got|were) (?:over)?charged|charged (?:me )?twice|double charge|(?:my|outstanding) balance|(?:bank|account) details",
        ),
        weak=(
            r"facturas?|facturacion|recibo|comprobante|cuotas?|deuda|saldo|pagos?|transferencia|mercado ?pago|cbu|factura [abc]",
            r"invoices?|billing|receipts?|payments?|instal?lments?|statement",
        ),
    ),
    _rule(
        "booking",
        strong=(
            rf"(?:quiero|quisiera|querria|necesito|necesitaria|me gustaria|deseo|puedo|podria|podes|podrian|me das|me dan|me darias|dame|deme|hay|tienen|tenes|tendrian|tendrias|queda|quedan|busco|hay algun|quiero sacar|para sacar|pedir|sacar|agendar|reservar|solicitar|programar|coordinar|conseguir|confirmar|cancelar|mover|cambiar|reprogramar|adelantar|postergar|pasar|anular|suspender|correr)(?: \w+){{0,3}} {_SLOT}",
            r"(?:agendar|agendame|agendarme|reservar|reservame|reservarme|anotame|anotarme|coordinar|reprogramar|turnarme)",
            r"(?:pedir|sacar|agendar|tener|reservar)(?: una?)? (?:consulta|hora)",
            r"(?:cuando|que dia|que dias|a que hora|en que horario|que horarios?)(?: \w+){0,2} (?:me (?:pueden|podrian|puede|podes) (?:atender|ver|recibir)|puedo ir|tenes libre|tienen libre|hay lugar|tienen lugar|tienen disponible|hay disponible|hay turno\w*)",
            r"(?:tienen|tenes|hay) (?:lugar|hueco|disponibilidad|algo)(?: libre)? (?:para|el|este|manana|hoy|la)(?: \w+)?",
            r"(?:no (?:puedo|voy a poder|llego a)) (?:ir|asistir|llegar)(?: a(?:l)?)?(?: (?:mi|turno|la|cita))?",
            rf"(?:want|need|like|can i|could i|i'?d like|make|get|have|book|schedule|set up|arrange|cancel|move|change|reschedule|confirm|request|do you have|any|is there)(?: \w+){{0,4}} {_SLOT}",
            r"(?:book|schedule|reschedule)(?: (?:me|it|for|a|an))?|are you (?:free|available)|what times? (?:do you have|are available|work)|when can (?:i|you) (?:come|see me|be seen)|can'?t make it",
        ),
        weak=(
            r"turnos?|citas?|agenda|reserva|disponibilidad|appointments?|booking|availability|schedule",
            r"mi turno|my appointment",
        ),
    ),
    _rule(
        "support",
        strong=(
            r"(?:no (?:funciona|anda|prende|enciende|carga|calienta|abre|conecta|me funciona|me anda|me deja|puedo entrar|puedo ingresar|puedo acceder|arranca|responde))(?: \w+){0,3}",
            r"(?:dejo de|deja de) (?:funcionar|andar|calentar|prender)|(?:se (?:rompio|trabo|colgo|apago|tilda|cuelga|corta|descompuso))|(?:anda|funciona) (?:mal|raro)|pierde agua|tira (?:un )?error|me (?:da|sale|aparece|tira) (?:un |este )?error|hace (?:un )?ruido",
            rf"(?:donde|cuando|por que|que paso)(?: \w+){{0,4}} (?:mi|el|con mi|con el) (?:{_GOODS})|no (?:me )?(?:llego|ha llegado|llega|recibi|entregaron)(?: \w+){{0,3}}|seguimiento (?:de|del)(?: \w+)?|(?:estado|demora|demorado|atrasado)(?: \w+){{0,2}} (?:{_GOODS})",
            r"(?:llego|vino|me mandaron|recibi)(?: \w+){0,3} (?:roto|rota|fallado|fallada|equivocado|equivocada|incompleto|danado|otro color|otro modelo)",
            r"(?:tengo|hay) (?:un |una |algun )?(?:problema|inconveniente|falla|error|desperfecto)(?: \w+){0,3}",
            r"(?:como|donde) (?:se )?(?:instalo|instala|configuro|configura|uso|usa|reseteo|resetea|cambio la clave|recupero la)|olvide (?:mi|la) (?:clave|contrasena)|(?:service|servicio tecnico|soporte tecnico|reparacion|reparar|arreglar|arreglo)",
            r"(?:usar|hacer valer|reclamar|activar) (?:la )?garantia|esta en garantia|cambiarlo|(?:quiero|puedo|para|hacer) (?:un )?(?:cambiar|devolver|cambio|devolucion)(?: \w+){0,3}",
            r"(?:doesn'?t|does not|isn'?t|is not|won'?t|stopped|not|stop(?:s)?) (?:work(?:ing)?|turn(?:ing)? on|charg(?:e|ing)|heat(?:ing)?|start(?:ing)?|load(?:ing)?|open(?:ing)?|connect(?:ing)?)|(?:is|it'?s|came|arrived|was) (?:broken|damaged|defective|faulty|leaking)|(?:it|keeps?) (?:crash(?:es|ing)|freez(?:es|ing)|leaks?)",
            rf"(?:where is|where'?s|track|status of|when will)(?: \w+){{0,2}} (?:my|the) (?:{_GOODS})|(?:hasn'?t|has not|haven'?t|didn'?t|never) (?:arrived?|received?|come|shown up|been delivered)|(?:wrong|missing) (?:item|size|product|part|color)",
            r"(?:how do i|how to|can'?t|cannot|unable to) (?:install|set ?up|configure|use|reset|log ?in|access|connect)|forgot my password|(?:having|have|there'?s) (?:a |an |some )?(?:problem|issue|trouble|error)|(?:repair|fix|troubleshoot|technician|tech support|return|exchange|replace)(?: \w+)?",
        ),
        weak=(
            r"garantia|problemas?|errores|falla|fallado|seguimiento|reparacion|devolucion|cambio de producto|soporte|ayuda tecnica",
            r"warranty|issue|broken|tracking|support|refurbish\w*",
        ),
    ),
    _rule(
        "sales",
        strong=(
            r"(?:cuanto|cuánto|que) (?:sale|salen|cuesta|cuestan|vale|valen|cobran|cobras|esta|estan|me sale|me saldria|saldria|costaria)(?! (?:abiert|abriend|demor|tard)\w*)(?: \w+)?",
            r"(?:que|cual es el|cual seria el|me pasas|pasame|pasas|necesito|quiero saber|saber|consulta (?:de|por)|consultar|consulto|lista de|me das|dame|averiguar)(?: \w+){0,2} (?:precios?|presupuesto|cotizacion|tarifas?|costo|costos|valor(?:es)?)",
            r"(?:quiero|quisiera|necesito|me interesa|estoy (?:buscando|interesad[oa])|ando buscando|busco|voy a|deseo)(?: \w+){0,2} (?:comprar|comprarme|llevar|llevarme|encargar|adquirir|contratar|cotizar|el plan|un plan|un presupuesto|presupuesto|informacion|info|el producto|un termotanque|un calefon|un equipo|implantes?|ortodoncia)",
            r"(?:me interesa|estoy interesad[oa]|interesad[oa] en)(?: \w+){0,3}",
            r"(?:tienen|tenes|hay|venden|vendes|trabajan|manejan|queda|les queda|tendran)(?: (?!turno|lugar|horario|algun turno|disponib)\w+){0,2} (?:stock|en stock|termotanques?|calefones?|modelos?|promos?|promocion(?:es)?|ofertas?|descuentos?|talles?|colores?|planes?|productos?|cuotas sin interes)",
            r"(?:hacen|tienen|hay) (?:envios?|descuentos?|ofertas?|promos?|promociones)(?: \w+)?|(?:algun|hay) descuento",
            r"(?:cual|que) (?:me )?(?:conviene|recomendas|recomiendan|recomienda|modelo|diferencia)(?: \w+)?",
            r"how much (?:is|are|does|do you charge|would|for)(?: (?!i owe)\w+){0,3}|(?:what'?s|what is|what are|know|ask about|send me|get)(?: \w+){0,2} (?:price|prices|pricing|cost|quote|rates?)",
            r"(?:want|like|looking|need|going) (?:to )?(?:buy|purchase|order|hire|sign up)(?: \w+)?|looking for (?:a|an|some)(?: (?!appointment|slot)\w+){1,2}|(?:i'?m )?interested in(?: \w+)?|do you (?:sell|ship|deliver|carry|offer discounts?|have (?:any )?(?:discounts?|offers?|stock|sizes?|models?))|(?:in stock|any discounts?|price list|which (?:model|one|plan))",
        ),
        weak=(
            r"precios?|presupuesto|cotizacion|catalogo|promos?|promocion|ofertas?|descuentos?|comprar|stock|modelos?|envios?|planes",
            r"prices?|pricing|quote|catalog(?:ue)?|discounts?|buy|purchase|in stock|shipping|plans?",
        ),
    ),
    _rule(
        "greeting",
        strong=(),
        weak=(
            r"hola+|buenas|buen dia|buenos dias|buenas tardes|buenas noches|que tal|hello|hi|hey|good (?:morning|afternoon|evening)|gracias|thanks|thank you|ok|dale|listo|perfecto|si|no|genial|chau|bye|yes|great",
        ),
    ),
)
