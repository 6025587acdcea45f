"""The screening rules as data: Spanish, English and light Portuguese, over the plain reading of a text.

Plain means lower case and no accents, so "instrucción" is written "instruccion" here. A weight of 4 flags by
itself; weaker rules need company. Everyday selling and booking talk must not reach 4.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A family of attacks. `patterns` are alternatives."""

    name: str
    weight: int
    patterns: tuple[re.Pattern[str], ...]


_ORDERS = (
    r"(?:instruc\w+|indicacion\w*|directiv\w+|directriz|directrices|reglas?|ordenes|consignas?|lineamientos|"
    r"restricciones|politicas internas|prompt\w*|mensajes? (?:de sistema|del sistema)|configuracion inicial|"
    r"instruct\w+|rules?|guidelines?|guidance|directions|directives?|orders|constraints|restrictions|policies|programming|"
    r"instrucoes|regras|diretrizes|orientacoes)"
)
_DROP_ES = (
    r"(?:ignor(?:a|e|en|es|as|ar|alas|ando|ad|ate|emos)|olvid(?:a|e|es|ate|ese|en|ar|alo|emos)|descart(?:a|e|ar|en)|desestim(?:a|e|ar)|"
    r"anul(?:a|e|ar)|omit(?:i|e|a|ir)|desobedec(?:e|er|elas)|saltea(?:te|r|las)?|saltate|salta|elud(?:e|i|ir)|"
    r"burl(?:a|ar)|prescind\w+|borr(?:a|e|ar) de tu memoria|suprim(?:e|i|ir)|desactiv(?:a|e|ar)|deshabilit(?:a|e|ar)|no (?:sigas|respetes|obedezcas|cumplas|tengas en cuenta|"
    r"le hagas caso|hagas caso)|deja(?:r)? de lado|pasa(?:r)? por alto|dej(?:a|e|ar) de (?:seguir|cumplir|respetar)|reemplaz(?:a|ar))"
)
_DROP_EN = (
    r"(?:ignor(?:e|ing)|disregard\w*|forget|overrid(?:e|ing)|bypass\w*|skip|drop|discard|neglect|do not follow|don'?t follow|"
    r"stop following|do not obey|don'?t obey|pay no attention to|set aside|throw away|disable|circumvent|erase|replace|scrap|ditch)"
)
_DROP_PT = r"(?:ignor(?:e|a|ar|em)|esquec(?:a|er|e)|desconsider(?:e|ar)|desobedec(?:a|er))"
_DROP = rf"(?:{_DROP_ES}|{_DROP_EN}|{_DROP_PT})"
# "The instructions of the manual" are not ours.
_NOT_OF_A_THING = (
    r"(?! (?:del? (?:la |el |los |las )?(?:manual|uso|instalacion|caja|equipo|fabricante|medic\w+|doctor\w*|dentista|prospecto|folleto|envase|juego|transito|producto)|"
    r"of (?:use|the (?:manual|box|game|product|doctor))|for (?:use|installation)|on the box))"
)
_SHOW = (
    r"(?:mostra(?:me|r|nos)?|muestra(?:me|nos)?|muestre(?:me)?|mostre|repeti(?:me|r)?|repite(?:me)?|repita|revela(?:me|r)?|revele|deci(?:me)?|dime|"
    r"diga|dame|pasa(?:me)?|envia(?:me)?|manda(?:me)?|imprimi(?:r)?|imprime|imprima|copia(?:me|r)?|copie|pega(?:me|r)?|escribi(?:me|r)?|escribe|"
    r"transcrib\w+|traduc\w+|resumi\w*|resume|lista(?:me|r)?|enumera|contame|cuenta(?:me)?|comparti(?:me)?|filtra|"
    r"cuales? (?:son|es)|que dice|show|reveal|repeat|print|display|output|dump|tell|give|send|leak|share|copy|paste|write|recite|"
    r"translate|summari[sz]e|list|expose|return|what (?:is|are|were)|mostre|diga|repita|imprima)"
)
_PEOPLE = (
    r"(?:clientes?|pacientes?|contactos?|usuarios?|leads?|compradores|personas|socios|alumnos|"
    r"customers?|clients?|patients?|contacts?|users?|people|accounts?|buyers)"
)
_OTHERS = r"(?:otr[oa]s?|demas|todos|todas|cada|los|las|other|others|all|every|another|everyone|outros|todos os)"


def _rule(name: str, weight: int, *patterns: str) -> Rule:
    return Rule(name, weight, tuple(re.compile(pattern, re.MULTILINE) for pattern in patterns))


RULES: tuple[Rule, ...] = (
    _rule(
        "override",
        6,
        rf"\b{_DROP}\b[^.\n]{{0,45}}\b(?:tus|sus|your|suas|its|las|los|tu|all|previous|prior|above|the|these|those|as|todas)\b[^.\n]{{0,30}}\b{_ORDERS}\b{_NOT_OF_A_THING}",
        r"\b(?:scrap|ditch|forget about|drop) (?:the|your|all) (?:rules|instructions|guidelines|policies)\b",
        r"\b(?:obedec\w+|obey)\b[^.\n]{0,15}\b(?:me|a mi|only|solo|solamente|unicamente|your owner|a tu duen[oa]|my (?:orders|commands)|mis ordenes|lo que (?:yo|escribo|digo))\b",
        r"\blo que te (?:configuraron|programaron|ordenaron)\b[^.\n]{0,25}\b(?:no|ya no|olvid\w+|queda)\b|\bahora mando yo\b|\b(?:new boss|i am your (?:new )?(?:boss|master|owner))\b",
        rf"\b{_DROP}\b[^.\n]{{0,20}}\b(?:previous|prior|earlier|anterior\w*|previas?)\b[^.\n]{{0,20}}\b{_ORDERS}\b",
        rf"\b{_DROP}\b[^.\n]{{0,25}}\b(?:todo lo (?:anterior|que te (?:dijeron|indicaron|ordenaron|programaron|pidieron|enseniaron|ensenaron))|everything (?:above|before|you (?:were|have been) told)|"
        r"all (?:of )?(?:the )?above|what(?:ever)? you were told|lo que te (?:dijeron|ordenaron|programaron|indicaron)|tudo (?:acima|o que))",
        rf"\b{_ORDERS}\b[^.\n]{{0,30}}\b(?:ya no (?:aplican|valen|rigen|corren)|no longer apply|are (?:now )?(?:void|cancelled|canceled|obsolete)|quedan (?:anuladas|sin efecto|suspendidas|canceladas)|nao valem mais)",
        rf"\b(?:nuevas?|new|novas?|updated|actualizadas?) {_ORDERS}\s*(?::|para vos|for you|del sistema|from (?:the )?(?:system|admin|developer))",
        rf"\b(?:instead of|en (?:lugar|vez) de|rather than)\b[^.\n]{{0,25}}\b(?:your|tus|the previous) {_ORDERS}\b",
        r"\b(?:a partir de ahora|desde ahora|from now on|de ahora en (?:adelante|mas)|a partir de agora)\b[^.\n]{0,30}\b(?:no ten[eé]s|sin|obedec\w+|solo (?:obedec|respond)\w*|haras?|vas a hacer todo|you (?:will|must|have no)|ignore|respond only|nao tem|eres|sos|you are|voce e)\b",
        r"\b(?:ningun[ao]|sin|cero|no tenes mas|no tienes mas|zero|without|with no|no more) (?:mas )?(?:reglas|consignas|lineamientos|limitaciones|constraints|script|policies|rules)\b(?! (?:de|para|of|for|about))",
        rf"\b(?:tira|toss|borra|wipe|reseate\w*|resetea\w*|reset|saltea\w*|saltes|bypass|skip|libero|release|anula|desobedec\w*|disobey|pasate|overruled?|derogad\w+|vencieron|expired?|obsolet[eo]|cancell?ed|anuladas?)\b[^.\n]{{0,45}}\b(?:reglamento|normas|consignas|protocolo|configuracion|manualcito|libreto|politicas|filtros?|obligaciones|handbook|protocol|script|setup|filter|duties|{_ORDERS[3:-1]})\b(?! (?:de|del|of) (?:la |el |los )?(?:envio|instalacion|garantia|manual|edificio|consorcio))",
        r"\b(?:normas|reglas|consignas|limitaciones|settings|rules|limitations|restrictions)\b[^.\n]{0,35}\b(?:vencieron|se suspenden|suspendidas|derogadas|mandan las mias|expired?|suspended|overruled|i make the rules)\b",
        r"\b(?:no le (?:des bola|hagas caso)|don'?t listen) (?:a |to )[^.\n]{0,40}\b(?:duen[oa]|owner|jefe|boss|empresa|company)\b|\bhaceme caso a mi\b|\blisten to me\b[^.\n]{0,30}\bpay",
        r"\b(?:lo que te (?:cargaron|configuraron|programaron|escribieron|dijeron)|what(?:ever)? they (?:loaded|configured|told|programmed)|what they configured)\b[^.\n]{0,60}\b(?:no va|no importa|no vale|borral[oa]|doesn'?t (?:count|matter)|erase|overruled)\b",
        r"\b(?:te dijeron que no pod[eé]s|you'?ve been told you can'?t)\b|\btodo lo que leiste antes\b|\beverything above this line\b|\b(?:actues|use) (?:segun tu|your own) (?:criterio|judgment)\b[^.\n]{0,40}\b(?:manual|script|libreto)",
        r"\b(?:i(?:gn|ng)\w{2,5}) (?:t\w{0,3}s |al? ?l?)?(?:l?p?re?vious?|las? |your |tus )?\w{0,10} ?i?n?st\w{2,4}c+i?\w{3,6}\b(?! d(?:el|e la) )|\b(?:nuevo|new) (?:prompt|one) (?:es|is)\b[^.\n]{0,20}\b(?:obedec\w+|obey)",
    ),
    _rule(
        "role_play",
        4,
        r"\b(?:you are now|you'?re now|ahora (?:sos|eres|seras|vas a ser)|voce agora e|agora voce e)\b[^.\n]{0,60}\b(?:dan|bot|ia|ai|modelo|model|asistente|assistant|terminal|consola|console|admin\w*|root|sistema|system|hacker|sin (?:filtros?|limites?|reglas?|restricciones)|without|unrestricted|free|libre|evil|malvad\w+|jailbroken|developer|desarrollador)\b",
        r"\b(?:act(?:ua|uá|ue|uar)?|actuas|pretend|haz|hace|hacete|finge|fingi|simula|simulate|role-?play|imagina(?:te)?|imagine)\b[^.\n]{0,35}\b(?:dan|root|terminal|consola|console|linux|admin\w*|sin (?:filtros?|limites?|reglas?|restricciones|censura)|no (?:filters?|limits?|rules?|restrictions?)|unrestricted|jailbroken|developer mode|hacker|evil)\b",
        r"\b(?:pretend|imagine|suppose|haz de cuenta|hace de cuenta|hagamos de cuenta|imagina(?:te)?|supongamos|fingi|finge|finja)\b[^.\n]{0,40}\b(?:you (?:are|have|can|were)|to be|que (?:sos|eres|no (?:tenes|tienes)|podes|puedes|tenes acceso|tienes acceso|no hay|voce))\b[^.\n]{0,60}\b(?:rules?|reglas?|filters?|filtros?|restric\w+|limits?|limites?|admin\w*|acceso|access|system|sistema|otr[oa] (?:ia|bot|asistente|modelo)|another (?:ai|bot|model|assistant)|model|duen[oa]|owner|developer|desarrollador)\b",
        r"\b(?:do anything now|jail ?break\w*|modo (?:desarrollador|dios|debug|admin\w*|mantenimiento|root|programador|sin (?:filtros?|restricciones))|(?:developer|god|debug|admin|root|maintenance|sudo|unrestricted|unfiltered) mode)\b",
        r"\b(?:you (?:are|will be|play)|sos|eres|seras|vas a ser)\b[^.\n]{0,40}\b(?:sin reglas|no (?:rules|policies|filters|limits)|without (?:rules|policies|limits))\b",
        r"\b(?:your|tu|su) (?:evil|dark|true|verdadero|real) (?:twin|self|side|yo|lado)\b",
        r"\b(?:grandmother|grandma|abuela|abuelita)\b[^.\n]{0,80}\b(?:api|claves?|keys?|prompt|contrasenas?|passwords?|serial)\b",
        r"\b(?:juguemos|jugamos|jugar|let'?s play|roleplay|rolear|let'?s write a play|opposite day|al opuesto)\b[^\n]{0,120}\b(?:prompt|costo|cost prices?|base de datos|database|secretos?|secrets?|no pod[eé]s decir|can'?t say|despedido|fired|etica|ethics|claves?|keys?)\b",
        r"\b(?:bot rebelde|rebel bot|gemelo malvado|evil twin|sin etica|without ethics|hacker etico|ethical hacker|vendedor corrupto|crooked salesman|empleado despedido|fired employee|abogado del diablo|devil'?s advocate|te llamas dan|your name is dan|hola dan|hi dan|sin limites que revela|ia sin limites|ai without limits|unfiltered mode)\b",
        r"\b(?:hacete pasar|impersonate|actua de|act as an?|haces? de|vos sos|you are a|you be the|sos un|imaginate|imagine|pretend|suppose|hagamos de cuenta|hace como que|simula|simulate|convertite|become)\b[^\n]{0,70}\b(?:banco|bank|cajero|atm|loro|parrots?|privacidad|privacy|comisario|detective|chief|programador|programmer|entorno de pruebas|staging|no ten[eé]s reglas|you have no rules|no existe la empresa|company doesn'?t exist|linea de comandos|command line|duen[oa] del sistema|system owner|soporte con acceso|full access|consola de administracion|admin console)\b",
        r"\b(?:grandma|abuela)\b[^\n]{0,60}\b(?:passwords?|contrasenas?|claves?)\b|\brespond[eé]s dos veces\b|\byou answer twice\b|\b(?:te nombro|i appoint you)\b[^\n]{0,40}\b(?:gerente|manager|duen[oa]|owner|admin)",
        r"\b(?:asistente|chatbot|ia|assistant|ai|bot)\b[^.\n]{0,15}\b(?:interpretara|adopta|se quita|hace de cuenta|will play|takes the role|drops the mask|pretends that)\b",
    ),
    _rule(
        "no_limits",
        4,
        r"\b(?:sin|without|no|sem)\s+(?:ningun[ao]?s?\s+|any\s+|more\s+|mas\s+)?(?:filtros?|censura|restric\w+|limitaciones|guardrails|safety|safeguards|filters|restrictions|censorship)\b[^.\n]{0,40}\b(?:respond\w*|contest\w*|answer\w*|act\w*|habl\w*|speak|model|modelo|ia|ai|bot)\b",
        r"\b(?:respond\w*|contest\w*|answer\w*|act(?:ua|ue|ing)?|habl[ae]\w*|speak)\b[^.\n]{0,25}\b(?:sin|without|sem) (?:ningun[ao]? |any )?(?:filtros?|censura|restric\w+|limitaciones|guardrails|filters|restrictions|reglas|rules)\b",
        r"\b(?:desactiva\w*|apaga\w*|disable|turn off|deshabilita\w*)\b[^.\n]{0,25}\b(?:filtros?|seguridad|protec\w+|moderacion|guardrails?|safety|filters?|moderation|content policy|truth gate|screening)\b",
    ),
    _rule(
        "fake_message",
        5,
        r"^\W{0,4}(?:system|assistant|developer|tool|tool_result|function|admin(?:istrador)?|root)\W{0,3}(?:message|prompt|override|mensaje|note|nota|update)?\s*[:>\]]\s*\S",
        r"^\W{0,4}sistema(?:\W{1,3}(?:mensaje|nota|aviso|actualizacion))?\s*[:>\]][^\n]{0,60}\b(?:usuario|cliente|verificad\w+|autorizad\w+|envi\w+|mand\w+|instruc\w+|modo|acceso|desbloque\w+|sin)\b",
        r"<\|?(?:im_start|im_end|system|endoftext|assistant|start_header_id|eot_id|sys)\|?>|\[/?inst\]|<</?sys>>|</?(?:system|instructions?|assistant|tool_result|prompt|admin)>",
        r"[\"']role[\"']\s*:\s*[\"'](?:system|assistant|developer|tool)[\"']|[\"']tool_calls?[\"']\s*:",
        r"#{2,}\s*(?:system|sistema|instrucciones|instructions|new instructions|nuevas instrucciones|admin|override)\b",
        r"(?<![-=*#])[-=*#]{3,60} ?(?:end|fin|begin|start|inicio|comienzo|stop|cierre)\b[^\n]{0,40}\b(?:prompt|instruc\w+|system|sistema|context\w*|user|usuario|input|conversa\w+|document\w*)",
        r"\[(?:system|sistema|admin|override|developer|internal|interno)[^\]\n]{0,40}\]\s*\S",
        r"\b(?:mensaje|message|aviso|nota|note|alert|alerta) (?:automatico |urgente |oficial )?(?:del|de|from|from the) (?:sistema|system|administrador|administrator|desarrolladores?|developers?|openai|google|anthropic|proveedor de ia)\b[^\n]{0,20}[:.]",
    ),
    _rule(
        "prompt_leak",
        5,
        rf"\b{_SHOW}\b[^.\n]{{0,50}}\b(?:system prompt|prompt (?:del |de |inicial|original|interno|completo|sistema)|(?:tu|your|el|the|seu) prompt|initial (?:prompt|instructions?)|hidden (?:prompt|instructions?|rules?)|mensaje de(?:l)? sistema|system message)\b",
        rf"\b{_SHOW}\b[^.\n]{{0,35}}\b(?:tus|your|suas) (?:(?!returns?\b|shipping|delivery|payment|warranty|exchange|refund|store|shop)\w+ )?(?:instruc\w+|directivas|directrices|reglas|lineamientos|instructions?|guidelines?|directives?|rules|instrucoes|regras|configuracion|configuration)\b",
        rf"\b{_SHOW}\b[^.\n]{{0,40}}\b(?:instruc\w+|reglas|directrices|directivas|lineamientos|instructions?|rules|guidelines?) (?:internas?|ocultas?|secretas?|originales|iniciales|completas|que te dieron|you were given|you received|verbatim)\b",
        rf"\b{_SHOW}\b[^.\n]{{0,30}}\b(?:everything|todo|all (?:the )?(?:text|words|content)|the text|words|el texto|lo que (?:esta|hay|dice))\b[^.\n]{{0,20}}\b(?:above|arriba|before this|antes de (?:este|esta)|up to here|hasta aca|acima)\b[^.\n]{{0,30}}\b(?:message|mensaje|conversation|conversacion|line|linea|prompt|verbatim|textual\w*|palabra por palabra|word for word|exactly)\b",
        r"\b(?:pone\w*|pega\w*|lee\w*|leeme|cita\w*|deletrea\w*|spell|quote|read|paste|leer|ver|saber|entre comillas|parrafo|paragraph|palabras)\b[^.\n]{0,40}\b(?:tus|your|tu) (?:\w+ )?(?:instrucciones|instructions|prompt|lineamientos|directivas|guidelines|rules)\b",
        r"\b(?:paste|show|read|send|repeat|print|pega\w*|mostra\w*|lee\w*|texto)\b[^.\n]{0,30}\b(?:written|written down|said|escrito|came|estaba|con (?:el|la) que te (?:programaron|configuraron))\b[^.\n]{0,20}(?:before my|antes de mi|te programaron|te configuraron|\bprogramaron)",
        r"\b(?:what (?:were|are) you (?:told|instructed|programmed)|how were you (?:prompted|configured|instructed)|con que (?:prompt|instrucciones) te (?:configuraron|programaron)|que instrucciones (?:te dieron|tenes|tienes|recibiste)|que te (?:ordenaron|programaron))\b",
        r"\b(?:que|which|what|cuales|lista\w*|list|nombra\w*|name)\b[^.\n]{0,20}\b(?:herramientas|tools|funciones|functions) (?:tenes|tienes|podes usar|puedes usar|internas|do you have|can you (?:call|use)|available|disponibles)\b",
        r"\b(?:te (?:explicaron|pidieron|dejaron escrito|dicen como ser|programaron|dijeron que hagas)|te dijeron\b[^.\n]{0,20}\bantes de|they (?:explain|told|left written|ask)\w*\b[^.\n]{0,20}\b(?:you|for you)|you were asked not to|you'?re forbidden|tenes prohibido|were you programmed|te programaron)\b",
        r"\b(?:primera (?:oracion|instruccion|linea)|first (?:sentence|instruction|line)|arriba de todo|at the very top|antes de (?:mi hola|que yo escribiera|esta linea)|before (?:i wrote|my hello|this line|i called)|lo que esta antes de|whatever comes before)\b",
        rf"\b(?:citá|{_SHOW[5:-1]}|pasa|pone\w*|volca|devolveme|incluir?|inclui|muestra|show[sn]?|dictate|dictar|turn|transcribi\w*|listar|answer with|replac\w+|necesito|need|quiero saber|i want to know|decime)\b[^\n]{{0,40}}\b(?:(?:tu|your|su|its) (?:contexto|context|memory|memoria|configuracion|configuration|system message|mensaje de sistema|prompt)|(?:tus|your|sus) (?:\w+ )?(?:reglas internas|internal rules|internal directions|indicaciones internas|instrucciones completas|full instructions|internal prompt|original instructions)|(?:las |the )?(?:reglas internas|internal rules)|that prompt|ese prompt)\b",
        r"\b(?:todo lo que tengas|everything you have|all you have|lo que (?:de verdad )?tenes cargado|what you'?ve really got) (?:en|in|loaded)? ?(?:memoria|memory|loaded)?\b|\b(?:que|q|what) (?:herramientas|tools) (?:usas|do (?:you|u) use)\b",
        r"\b(?:repeat|repeti\w*|regla|rule) ?\|| completa la frase\b[^\n]{0,20}sos \w+, del equipo|finish the sentence\b[^\n]{0,20}you are \w+, of the team|\bel (?:bot|asistente) (?:muestra|antepone) su\b|\bthe (?:bot shows its|assistant prepends its)\b|\bin what language is your prompt\b|\b(?:tu|your) prompt\b",
    ),
    _rule(
        "secrets",
        5,
        r"\b(?:api[ _-]?keys?|clave(?:s)? (?:de )?(?:la )?api|access[ _-]?tokens?|tokens? de (?:acceso|la api|whatsapp|meta|openai)|secret[ _-]?keys?|clave secreta|credencial(?:es)? (?:del? (?:la )?(?:sistema|acceso|api|admin\w*|panel|whatsapp|meta|openai|base|servidor)|interna|guardada)\w*|credentials|client[ _-]?secret|variables? de entorno|environment variables?|\.env\b|vault)\b",
        r"\b(?:contrasena|password|clave)s? (?:del?|de la|of the|for the|for) (?:\w+ )?(?:admin\w*|sistema|servidor|panel de (?:admin\w*|control)|base de datos|database|server|system|root|crm|cuenta de (?:meta|openai|google)|duen[oa]|owner|staff|empleados)\b",
        r"\b(?:token|clave(?! fiscal)|key|password|contrasena|pass|credencial\w*|credentials?|secreto|secret|semilla|seed phrase|cadena de conexion|connection string|codigo de verificacion|verification code|client secret|webhook signing secret|private key|clave privada)\b[^.\n]{0,40}\b(?:de(?:l)? (?:sistema|duen[oa]|negocio|google|meta|whatsapp|banco|admin\w*|webhook|api|postgres)|que tenes|ustedes|uds|you (?:use|have)|yours?|they use|eaa\w*|sk-?|the owner|postgres|stored|internal|interno|wifi interno|for the panel|to test something|alfabeto|nato|wallet|billetera)\b",
        r"\b(?:con que (?:clave|usuario)|what (?:password|user)|which (?:server|key))\b[^.\n]{0,40}\b(?:entra\w*|se conecta|log\w*|connects?|pass|runs|you use)\b|\btu credencial\b|\byour credential\b|\bdice el \.?env\b|\bthe \.env\b|\b(?:system|sistema) (?:password|clave)|\b(?:tarjeta|card)\b[^.\n]{0,20}\b(?:pagarle a la ia|pay for the ai)\b",
        r"\b(?:clave|password|contrasena|key|token) (?:secreta |secret )?(?:del|de la|for the|of the|de|to the)? ?(?:admin\w*|sistema|system|base|database|bank|secreta)\b|\b(?:pasame|send me|give me|dame|decime|dictame|tell me) (?:la |the |el |those |that )?(?:clave|contrasena|password|secret key|private key|access key|api)\b(?! (?:fiscal|del wifi))",
    ),
    _rule(
        "other_people",
        5,
        rf"\b{_SHOW}\b[^.\n]{{0,40}}\b(?:telefonos?|numeros?|celulares?|mails?|correos?|e-?mails?|direcciones|datos|dni|documentos?|nombres?|phones?|numbers?|addresses|data|names?|details|records?|historia(?:s|l)?|chats?|conversa\w+|mensajes|messages|turnos|appointments|deudas?|compras|orders)\b[^.\n]{{0,25}}\b{_OTHERS}\s+(?:\w+\s+)?{_PEOPLE}\b",
        rf"\b{_SHOW}\b[^.\n]{{0,25}}\b(?:otr[oa]s|other|another) {_PEOPLE}'?s?'? (?:data|messages|chats|conversations|phones?|numbers?|e-?mails|names|orders|details|records)\b",
        rf"\b{_SHOW}\b[^.\n]{{0,10}}\b(?:la base|the database)(?: de datos| de clientes)? (?:completa|entera|complete)\b",
        rf"\b{_SHOW}\b[^.\n]{{0,20}}\b(?:la lista|el listado|lista completa|la base|the list|a list|full list|database|todos los|all (?:the|your)?)\b[^.\n]{{0,25}}\b{_PEOPLE}\b",
        r"\b(?:previous|last|next|cliente anterior|paciente anterior|ultim[oa] (?:cliente|paciente)|otr[oa] (?:cliente|paciente))\b[^.\n]{0,30}\b(?:customer|client|patient|bought|compro|gasto|phone|telefono|celular|diagnos\w+)\b[^.\n]{0,50}\b(?:phone|number|name|address|telefono|celular|numero|direccion|compro|nombre|mail|diagnos\w+)\b",
        r"\b(?:conversation|conversacion|chat|messages?|mensajes)\b[^.\n]{0,25}\b(?:with|con|de) (?:someone else|somebody else|another (?:person|customer)|otra persona|otro cliente|la persona anterior)\b",
        rf"\b(?:nombres?|numeros?|telefonos?|names?|numbers?|phones?)\b[^.\n]{{0,25}}\b(?:de cada|of each|of every|de todas las|de los demas)\b[^.\n]{{0,12}}\b(?:{_PEOPLE[3:-1]}|one|un[oa])\b",
        r"\b(?:export\w*|volca\w*|descarga\w*|download|dump|extract|baja(?:me|r)?)\b[^.\n]{0,30}\b(?:base de (?:datos|clientes|contactos)|clientes|contactos|database|customers?|contacts?|crm|leads)\b",
        r"\b(?:otra|another|other|demas|otras) (?:empresas?|companies|company|tenants?|organi[sz]a\w+|cuentas? del sistema)\b[^.\n]{0,40}\b(?:datos|clientes|data|customers?|base|precios|informacion|information)\b",
        r"\b(?:datos|clientes|data|customers?|base|informacion|information|contacts?)\b[^.\n]{0,25}\b(?:de|of|from|del) (?:la |the |el )?(?:otra|another|other|otro) (?:empresa|company|tenant|inquilino|cuenta|negocio|business)\b",
        r"\b(?:marta lopez|mi vecin[oa]|my neighbou?r|mi novi[oa]|my (?:boy|girl)friend|mi ex|my ex|mi herman[oa]|my (?:sister|brother)|la otra (?:clienta|senora|paciente)|the other (?:customer|lady|client|patient)|otra clienta|un deudor|a debtor|el del chat anterior|the previous chat|the person before me|el que vino antes|una clienta de ustedes|a customer of yours)\b[^\n]{0,90}\b(?:numero|number|telefono|phone|mail|email|celu\w*|cell|direccion|address|domicilio|charla|chat|conversacion|escribi\w*|wrote|datos|details|turno|appointment|compro|bought|cobraron|charge|order|pidio|saldo|balance|diagnos\w+|vive|lives|mensajes|messages)\b",
        r"\b(?:telefono|phone|mail|email|celu\w*|numero|number|charla|chat|mensajes|messages|datos|details|direccion|address|contactos|contacts|cumpleanos|birthdays|excel|spreadsheet|listado|list|turnos?|appointments?|saldo|balance|charge|cobraron)\b[^\n]{0,60}\b(?:marta lopez|otr[oa]s (?:personas|pacientes|clientes|clientas|compradores)|otra (?:clienta|senora)|other (?:people|patients|customers?|lady|buyers|users)|de todos\b(?! los (?:modelos|dias|medios|equipos))|everyone'?s|everyone who|los que compraron|the customer who|la gente que escribio|people who wrote|cartera de clientes|customer portfolio|sus clientes|your customers|al que vino antes|la otra|the other)\b",
        r"\b(?:quien|who)(?: mas| else)? (?:tiene turno|has the|escribio|wrote|pregunto|asked|figura)\b[^\n]{0,60}\b(?:nombre|name|celu|cell|numero|number|turno|slot|appointment|ts-?\d+)\b|\bwhat did the (?:customer|person) who\b|\bque te dijo el cliente\b|\b\d+ (?:clientes satisfechos|happy customers)\b|\bbase de clientes\b|\b(?:customer|client|contacts?) (?:database|list)\b|\b(?:competidor\w*|competitor)\b[^\n]{0,40}\b(?:plataforma|platform)\b",
    ),
    _rule(
        "tool_coercion",
        4,
        r"\b(?:create_customer|qualify_lead|rag_search|handoff_to_human|report_assistance|search_products|check_stock|book_appointment|convert_to_client|tool_call\w*|function_call\w*)\b",
        r"\b(?:ejecuta\w*|llama\w*|invoca\w*|usa\w*|corre\w*|dispara\w*|call|run|execute|invoke|use|trigger)\b[^.\n]{0,25}\b(?:la |el |una |tu |the |your |a )?(?:herramienta|funcion|tool|function|api interna|comando|command|script|query|sql)\b[^.\n]{0,60}\b(?:con|with|para|to|sobre|on|delete|borr\w+|crea\w*|create|update|modific\w+|cambi\w+)\b",
        r"\b(?:drop table|delete from|insert into|select \* from|union select|rm -rf|os\.system|subprocess|<script|javascript:|eval\()",
        r"\b(?:borra\w*|elimina\w*|delete|wipe|erase|destroy|destrui\w*)\b[^.\n]{0,25}\b(?:todos? l[oa]s|la base|toda la|all (?:the |your )?|every|the (?:whole )?database)\b[^.\n]{0,20}\b(?:registros|datos|clientes|contactos|leads|turnos|citas|base|records|data|customers|contacts|appointments|database)?",
        r"\b(?:marca(?:me|lo|r)?|califica(?:me|r)?|pon(?:e|eme|me|er)?|set|mark|qualify|score)\b[^.\n]{0,35}\b(?:lead|score|puntaje|prioridad|priority|stage|etapa|as won|como ganado|a 100|to 100|al maximo)\b[^.\n]{0,30}\b(?:100|maxim\w+|ganado|won|highest|top|vip|9{2,})\b",
        r"\b(?:cambia\w*|modifica\w*|actualiza\w*|change|update|set|edit)\b[^.\n]{0,30}\b(?:telefono|mail|email|precio|datos|phone|price|e-mail|address|direccion)\b[^.\n]{0,20}\b(?:del? (?:otro|otra|cliente|contacto|usuario)|of (?:the |another |other ){0,2}(?:customer|client|contact|user)|for (?:another|customer|contact))\b",
        r"\b(?:cancel_appointment|reschedule_appointment|check_seller_availability|save_details|my_appointments|next_tool|sql|drop database|169\.254\.169\.254)\b|\"arguments\"\s*:|\b(?:ejecuta\w*|execute|corre|run|call|invoke|llamar? a|invocar) (?:la |the |una |a )?(?:funcion|function|herramienta|tool|script)?\b[^.\n]{0,20}\b(?:exportar|export|borrar|delete|derivar|handover)\b",
        r"\b(?:cancel\w*|mov[eé]\w*|move|cambi\w+|change|sac[aá]\w*|dale de baja|borra\w*|delete)\b[^.\n]{0,35}\b(?:todos los turnos|everything there is|todo lo que haya|all (?:friday )?appointments|everyone'?s|el (?:turno )?de (?:otr[oa]|la senora)|someone else'?s|the (?:\d+ )?o'?clock lady|el de la senora|los demas|the other orders|de todos|the whole company|la empresa|mi historial y)\b",
        r"\b(?:\d{2,3}|cien|hundred|fifty|cincuenta|ten|diez) (?:turnos seguidos|slots in a row|busquedas|different|times|veces|searches)\b|\b(?:all|todos los) (?:customers|clientes)\b[^.\n]{0,20}\b(?:mine|la mia|my address)\b|\b(?:address|direccion) (?:of|de) (?:all|todos)\b|\bcontact[o]? \w*\d\w*\b[^.\n]{0,20}\b(?:por el|to) \d",
        r"\b(?:venta ganada|won sale|maximum in the system|al maximo en el sistema)\b|\bcomision\b[^.\n]{0,20}\bamigo\b|\bbuddy gets the commission\b",
    ),
    _rule(
        "template_variable",
        4,
        r"\{\{[^}\n]{1,60}\}\}|\{%[^%\n]{1,60}%\}|\$\{[^}\n]{1,60}\}|\{(?:system_prompt|prompt|api_key|instructions|config|agent|tenant|self|secrets?)[^}\n]{0,30}\}|<%[^%\n]{1,60}%>",
    ),
    _rule(
        "authority",
        3,
        r"\b(?:soy|somos|habla|aca|te habla) (?:el |la |los |tu |un |una )?(?:administrador\w*|desarrollador\w*|programador\w*|creador\w*|admin|soporte tecnico|equipo de (?:openai|meta|google|sistemas|desarrollo)|openai|dueno de (?:la plataforma|este bot)|super ?usuario)\b",
        r"\b(?:i am|i'm|this is|we are|as) (?:your |the |an? |from )?(?:\w+ )?(?:administrator|admin|developer|creator|programmer|openai|anthropic|engineer|maintainer|root user|superuser|security team|authorized (?:user|personnel))\b",
        r"\b(?:tengo|con|i have|with|under) (?:la )?(?:autorizacion|permisos?|acceso|authorization|permission|clearance|access) (?:de (?:administrador|nivel|root|sistema)|total|level|of (?:the )?(?:admin|owner)|root|admin)\b",
        r"\b(?:auditoria|audit|prueba|test|pentest|security (?:test|check)) (?:de seguridad|autorizad[ao]|interna|authorized|of the system|required by)\b",
        r"\b(?:inspector|policia|police|afip|tax inspector|abogad[oa]|lawyer|periodista|journalist|legajo|badge|contable|accounting firm|encargad[oa] (?:nuevo|del turno)|(?:new|night shift) manager|jefe|boss|dueno|owner|medico de guardia|doctor on duty|del banco|from the bank|meta|supervisor|gerencia|management|soporte tecnico|technical support)\b[^\n]{0,140}\b(?:fichas|records|registro|register|clave|password|token|datos|details|data|listado|list|configuracion|configuration|telefonos|phones|clientes|customers|acceso|access|base|database|instrucciones|instructions|costo|cost)\b",
        r"\b(?:acceso|access) (?:total|de administrador|administrator)|\b(?:full|administrator|total) access\b|^(?:soy el |i am the )?(?:administrador|administrator|soporte tecnico openai|openai technical support|dueno del sistema|system owner)\b",
    ),
    _rule(
        "forced_words",
        4,
        r"\b(?:respond[eé]?\w*|contest[aá]?\w*|answer|reply|say|deci(?:me)?|di|repeti|repite|repeat|escribi|write|output|print)\b[^.\n]{0,20}\b(?:solo|solamente|unicamente|exactamente|only|exactly|just|nothing but|apenas|somente)\b[^.\n]{0,30}\b(?:con|with|the word|la palabra|the (?:following|phrase|text)|la frase|lo siguiente|si|yes|ok|hacked|pwned|aceptado|approved|a palavra)\b",
        r"\b(?:hacked|pwned|i have been pwned|owned by)\b",
        r"\b(?:confirma\w*|deci\w*|di|say|confirm|tell me|asegura\w*|afirma\w*)\b[^.\n]{0,30}\b(?:que|that)\b[^.\n]{0,40}\b(?:gratis|for free|100 ?%|descuento del (?:[5-9]\d|100)|(?:[5-9]\d|100) ?% (?:de )?(?:discount|descuento)|[5-9]0 ?% (?:off|de descuento|discount)|a \$ ?1\b|for \$ ?1\b|legally binding|legalmente vinculante|no (?:me )?(?:cobran|debo) nada|ya (?:esta )?(?:pag\w+|aprobad\w+))",
        r"\b(?:start|begin|empeza|empieza|comenza|comienza|inicia|termina|end)\b[^.\n]{0,25}\b(?:your|tu|cada|every|each|the) (?:answer|response|reply|respuesta|mensaje|message)s?\b[^.\n]{0,15}\b(?:with|con|por|diciendo)\b",
        r"\b(?:agree|acepta|acced[eé]|say yes|deci que si|di que si)\b[^.\n]{0,15}\b(?:with|to|a|con)\b[^.\n]{0,15}\b(?:anything|everything|todo lo que|whatever|cualquier cosa)\b",
        r"\b(?:100 ?(?:%|por ciento|percent)|9[05] ?%|[78]0 ?%|noventa por ciento|ninety percent)\b[^\n]{0,50}\b(?:grat\w+|free|deci que si|say yes|confirm\w*|off siempre|grabado|on record|contrato|legal\w*)\b|\b(?:confirm\w*|deci\w*|say|aplic\w+|apply)\b[^\n]{0,40}\b(?:100 ?%|9[05] ?%|noventa por ciento|ninety percent|cupon|coupon admin|gratis|for free|cost you nothing|no (?:te |me )?cobra)\b",
        r"\b(?:legalmente vinculante|legally binding|queda como contrato|is a contract|soy acreedor|i'?m a creditor|repeat after me|repeti conmigo)\b|\b(?:marca|mark|put|pasame)\b[^.\n]{0,25}\b(?:factura|invoice|venta|sale)\b[^.\n]{0,20}\b(?:pagada|paid|cobrada|collected)\b",
        r"\b(?:devol\w+|refund|reintegr\w+|reembols\w+|plata|money)\b[^.\n]{0,40}\b(?:otra cuenta|other account|cuenta nueva|new account)\b|\b(?:alias de cobro|payment alias)\b|\b(?:proximo cliente|next customer)\b[^.\n]{0,25}\b(?:pague|pay|clave|pin|account|cbu)\b|\b(?:precio de costo|to cost\b|hasta el costo)|\b(?:decile|tell the customer)\b[^.\n]{0,25}\b(?:aprobado|approved)\b",
    ),
    _rule(
        "coded_order",
        4,
        r"\b(?:decod\w+|descifra\w*|decrypt|desencript\w+|base ?64|rot ?13|hexadecimal|codigo morse|morse code|cifrado cesar)\b[^\n]{0,60}\b(?:segui\w*|sigue|obey|follow|ejecut\w+|execute|cumpli\w*|cumple|obedec\w+|do what|hace lo que|haz lo que|responde\w*|answer|mensaje|message|instruc\w+|string|texto)\b",
        r"\b(?:primera letra de cada|first letter of each|al reves|backwards|reversed?|letra por letra|letter by letter)\b[^\n]{0,50}\b(?:prompt|instruc\w+|clave|key|secret\w*|obey|follow|ejecut\w+|execute|segui\w*)\b",
        r"\b(?:en|in|con) (?:base ?64|hexa\w*|hex|rot ?13|morse|binario|binary|codigo|code|greek|griego|zero-width|ceros de ancho)\b[^\n]{0,40}|\b(?:codifica\w*|encode|deletre\w+|spell\w*)\b[^\n]{0,40}\b(?:telefonos|phones|clave|key|clientes|customers|password)\b",
        r"\b(?:repartido|split|partid[oa])\b[^\n]{0,25}\b(?:mensajes|messages)\b|\b(?:iniciales|initials)\b[^\n]{0,30}\b(?:clave|key|secret\w*)\b|\b(?:clave|key|password|prompt|token)\b[^\n]{0,45}\b(?:guiones|dashes|al reves|backwards|base ?64|ceros de ancho|zero-width|palabras|in words)\b",
    ),
    _rule(
        "crescendo",
        4,
        r"\b(?:ya|already|before|antes|just|recien)\b[^.\n]{0,30}\b(?:me diste|me mostraste|aceptaste|you (?:gave|showed|agreed|told)|habias? (?:aceptado|dicho))\b[^.\n]{0,60}\b(?:prompt|instruc\w+|reglas|rules|clave|keys?|datos de (?:otros|los)|other (?:customers?|clients?)|contrasena|password)\b",
        r"\b(?:the rest of|el resto de|continua con|continue with|segui con|next (?:line|part) of|siguiente (?:linea|parte) de)\b[^.\n]{0,20}\b(?:tu|your|tus|the|las|el)\b[^.\n]{0,12}\b(?:prompt|instruc\w+|system|reglas|rules|configuracion|guidelines)\b",
        r"\b(?:hypothetically|hipoteticamente|for (?:a|my) (?:novel|story|research|thesis)|para (?:una|mi) (?:novela|historia|tesis|investigacion|obra))\b[^.\n]{0,80}\b(?:prompt|instruc\w+|api|claves?|keys?|reglas internas|rules|datos de|customers?|clientes|contrasenas?|passwords?)\b",
    ),
    _rule(
        "message_to_machine",
        4,
        r"\b(?:atencion|attention|note to|nota para|instruc\w+ para|instructions? (?:for|to)|mensaje para|message to|hey|oye|estimad[oa]) (?:the |el |la |any |cualquier )?(?:ia|ai|llm|chatbot|language model|modelo de lenguaje|asistente virtual|ai (?:assistant|agent|model)|agente (?:de )?ia|gpt|chatgpt|gemini|sistema automatico)\b",
        r"\b(?:if you are|si (?:sos|eres)|cuando (?:leas|proceses)|when (?:you )?(?:read|process)\w*|any)\b[^.\n]{0,15}\b(?:an? |una? )?(?:ia|ai|llm|language model|modelo de lenguaje|chatbot|bot|assistant|asistente)\b[^.\n]{0,50}\b(?:must|should|debe\w*|tenes que|tienes que|haras|ignor\w+|send|envia\w*|reveal|revela\w*|call|llama\w*|say|deci|di|add|agrega\w*|include|inclui\w*|respond\w*)\b",
        r"\b(?:el asistente|la ia|el bot|the (?:assistant|ai|bot|model)|this (?:ai|assistant|bot))\b[^.\n]{0,15}\b(?:must|debe\w*|should|has to|tiene que|is (?:required|instructed)|queda (?:obligado|autorizado))\b[^.\n]{0,80}\b(?:ignor\w+|reveal\w*|revel\w+|send|envi\w+|mand\w+|compart\w+|share|datos|data|gratis|free|descuento|discount|clave|key|all|todos|every|siempre|always|link|enlace|http)\b",
    ),
    _rule(
        "exfiltration",
        4,
        r"!\[[^\]\n]{0,200}\]\(|<img\b|<a href=",
        r"\b(?:link|enlace|url|https?:|pagina|page|site|website|qr)\b[^\n]{0,70}\b(?:con todo|con los datos|datos_del|customer_?data|all you know|with the customers'? data|glued behind|pegado atras|datos del ultimo|last customer'?s data|cada respuesta|every (?:answer|reply)|each reply|todas (?:las|tus) respuestas)\b",
        r"\b(?:cada respuesta|each reply|every (?:answer|reply)|all your replies|todas (?:las|tus) respuestas|al final de todo|at the end of everything)\b[^\n]{0,60}\b(?:link|enlace|https?:|pagina|page|image|imagen)",
        r"\b(?:mand\w+|envi\w+|send|email|visit\w*|abri|open)\b[^\n]{0,25}(?:\S+@\S+|https?://\S+|\w+\.test)[^\n]{0,60}\b(?:charla|chat|conversa\w+|datos|data|instruc\w+|lo que dice|what it says)\b",
        r"\b(?:image|imagen|link|enlace|descarga|download)\b[^\n]{0,30}\b(?:markdown|nombre del archivo|file name)\b|\b(?:file name|nombre del archivo)\b[^\n]{0,30}\b(?:link|enlace)\b",
    ),
)
