"""A reasonable model for everything but appointments: it looks facts up, notes data, asks for people, and says no more.

As a `FakeLLM.brain`; `hears` is set to (words, what they mean) before each turn. Meanings: the name of a fact, `data
name=…;phone=…`, `lead high`, `order 4411`, `complain`, `person` (mostly answered by rule, without the model), `chat`.
"""

import json
from dataclasses import dataclass
from typing import Any

from tests.fakes.llm import Reply

Call = tuple[str, dict[str, Any]]
# What the company loaded as knowledge: meaning → a passage. The words that prove an answer stand between ‹ and ›.
FACTS = {
    "precio": "Precio del termotanque TS-200: ‹$ 850.000› con IVA incluido.",
    "precio300": "Precio del termotanque TS-300: ‹$ 1.150.000› con IVA incluido.",
    "cuotas": "Cuotas: hasta ‹12 cuotas sin interés› con tarjeta de crédito.",
    "envios": "Envíos: sin cargo en Rosario; al interior por correo, ‹cinco días hábiles›.",
    "garantia": "Garantía: ‹cinco años› el tanque y la instalación un año.",
    "instalacion": "Instalación: la hacen dos técnicos en ‹cuatro horas› y lleva llave de paso incluida.",
    "capacidad": "Modelos: el TS-200 alcanza para ‹cuatro personas› y el TS-300 para seis.",
    "catalogo": "Catálogo con modelos y medidas: ‹https://acmesolar.example/catalogo› para ver en línea.",
    "pago": "Formas de pago: ‹efectivo, transferencia, débito, crédito y Mercado Pago›. El alias es acme.solar.",
    "nublado": "Días nublados: el equipo ‹calienta igual› con la radiación difusa.",
    "noche": "De noche: el tanque aislado ‹pierde solo tres grados› hasta la mañana.",
    "direccion": "Dirección del local: ‹Mitre 1200, Rosario›, con cochera.",
    "horario": "Horario de atención: ‹lunes a viernes de 9 a 18› y sábados de 9 a 13.",
    "descuento": "Descuento: ‹10 % de descuento› por pago contado en efectivo.",
    "stock": "Stock: hay ‹unidades disponibles› del TS-200 y del TS-300 en el depósito.",
    "mantenimiento": "Mantenimiento: purgar la válvula y limpiar el tanque ‹una vez por año›; si hace ruido o gotea, cerrar y abrir el agua.",
    "manual": "Manual de uso e instalación: ‹www.acmesolar.example/manual.pdf›, con la clave de fábrica en la página 2.",
    "repuestos": "Repuestos: ‹ánodo y resistencia siempre en stock›, se piden por este chat.",
    "devolucion": "Devoluciones: dentro de los ‹30 días› con su caja, y nosotros retiramos el equipo. Las reglas están en la factura.",
    "factura": "Factura: llega ‹al correo de la compra› el mismo día.",
    "presion": "Presión: necesita ‹un metro y medio de caída› desde el tanque de agua.",
    "luz": "Luz roja: indica que ‹el tanque está cargando agua›; se apaga sola.",
    "telefono": "Teléfono del local: ‹0341 555-0100›, también por emergencias.",
    "mail": "Correo de la empresa: ‹ventas@acmesolar.example› para consultas.",
    "fabrica": "Fabricantes: ‹fabricamos en Rosario› desde 1998, en acero inoxidable.",
    "price": "Price of the TS-200 heater: ‹$ 850,000› in pesos, tax included.",
    "price300_en": "Price of the TS-300 heater: ‹$ 1,150,000› in pesos, tax included.",
    "instalments": "Instalments: up to ‹12 interest-free instalments› by credit card.",
    "shipping": "Shipping and delivery: free in Rosario; elsewhere by mail, ‹five working days›.",
    "warranty": "Warranty: ‹five years› for the tank, one for the installation.",
    "installation": "Installation: done by two technicians in ‹four hours›, stop valve included.",
    "capacity": "Models: the TS-200 is enough for ‹four people› and the TS-300 for six.",
    "catalog": "Catalogue with models and sizes: ‹https://acmesolar.example/en/catalogue› to see online.",
    "payment": "Payment: ‹cash, bank transfer, debit or credit card and PayPal›.",
    "cloudy": "Cloudy days: the unit ‹still heats› with diffuse light.",
    "night": "At night: the insulated tank ‹loses only three degrees› by morning.",
    "address": "Address of the shop: ‹1200 Mitre Street, Rosario›.",
    "hours": "Opening hours: ‹Monday to Friday from 9 to 18›.",
    "discount": "Discount: ‹10% off› for cash payment.",
    "stock_en": "Stock: ‹units available› of both TS-200 and TS-300.",
    "maintenance": "Maintenance: purge the valve and clean the tank ‹once a year›; if it makes noise or drips, close and open the water.",
    "manual_en": "Manual for use, reset and installation: ‹www.acmesolar.example/en/manual.pdf›.",
    "spares": "Spare parts: ‹anodes and heating elements always in stock›.",
    "returns": "Returns: within ‹30 days› in their box, we collect the unit. The rules are on the invoice.",
    "invoice": "Invoice: it goes ‹to the e-mail of the purchase› the same day.",
    "pressure": "Pressure: it needs ‹a drop of one and a half metres› from the water tank.",
    "light": "Red light: it means that ‹the tank is filling›; it goes off by itself.",
    "phone": "Phone of the shop: ‹0341 555-0100›, for emergencies too.",
    "email": "E-mail of the company: ‹ventas@acmesolar.example› for questions.",
    "maker": "Makers: ‹we manufacture in Rosario› since 1998, in stainless steel.",
}
WORDS = {
    "es": {
        "fact": "{}",
        "noted": "¡Gracias! Anoté tus datos.",
        "interest": "¡Qué bueno! Te cuento los próximos pasos cuando quieras.",
        "order": "Tu pedido está {}.",
        "unknown": "No tengo ese dato.",
        "refused": "No pude guardar eso, ¿me lo repetís?",
        "person": "Lamento lo que pasó. Te paso con una persona del equipo.",
        "chat": "¡De nada! Cualquier cosa escribime.",
    },
    "en": {
        "fact": "{}",
        "noted": "Thank you! I've noted your details.",
        "interest": "Great! I can tell you the next steps whenever you want.",
        "order": "Your order is {}.",
        "unknown": "I don't have that information.",
        "refused": "I couldn't save that, could you repeat it?",
        "person": "I'm sorry about that. I'm passing you to a person of the team.",
        "chat": "You're welcome! Write to me any time.",
    },
}


def passage(name: str) -> str:
    """A fact as it stands in the knowledge."""
    return FACTS[name].replace("‹", "").replace("›", "")


def proof(name: str) -> str:
    """The words that an answer with this fact must hold."""
    return FACTS[name].partition("‹")[2].partition("›")[0]


@dataclass
class Clerk:
    """`hears`: (words, meaning) of this turn."""

    language: str
    hears: tuple[str, str] = ("", "")

    def __call__(self, request: dict[str, Any]) -> Reply:
        """One tool first where the meaning wants one, then one answer that says what the tool gave."""
        last = max(place for place, each in enumerate(request["messages"]) if each["role"] == "user")
        results = [json.loads(each["content"]) for each in request["messages"][last:] if each["role"] == "tool"]
        if not results and (call := self._call()):
            return Reply(tool_calls=[call])
        return Reply(text=self._answer(results[-1] if results else None))

    def _call(self) -> Call | None:
        words, meant = self.hears
        kind, _space, rest = meant.partition(" ")
        if kind in FACTS:
            # As models do: the customer's question in the words that documents use.
            return "rag_search", {"query": passage(kind).partition(":")[0]}
        if kind == "data":
            return "create_customer", dict(pair.split("=", 1) for pair in rest.split(";"))
        if kind == "lead":
            return "qualify_lead", {"interest": rest, "needs": words}
        if kind == "order":
            return "consultar_envio", {"pedido": rest}
        return ("handoff_to_human", {"reason": words}) if kind in ("complain", "person") else None

    def _answer(self, result: dict[str, Any] | None) -> str:
        words, kind = WORDS[self.language], self.hears[1].split(" ")[0]
        if result is None:
            return words["chat"]
        if not result.get("ok"):
            return words["refused"]
        if kind in FACTS:
            texts = [each["text"] for each in result.get("passages") or []]
            fitting = next((text for text in texts if proof(kind) in text), "")
            return words["fact"].format(fitting) if fitting else words["unknown"]
        if kind == "order":
            return words["order"].format((result.get("answer") or {}).get("estado", "?"))
        return words[{"data": "noted", "lead": "interest", "complain": "person", "person": "person"}.get(kind, "chat")]
