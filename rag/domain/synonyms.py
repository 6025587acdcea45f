"""Words that customers of small businesses use for one another. General Spanish of Latin America, some English.

Each line is a group. A question word stands in the group of what it usually asks for (`cuanto` → price). Groups help
most with the small local model, which knows little Spanish; a tenant's own dictionary comes on top in the agent.
"""

from functools import lru_cache

from .words import STOP_WORDS, fold, term

GROUPS = """
    precio costo cuesta cuestan cobran cobrar valor vale valen sale salen tarifa arancel honorario honorarios presupuesto cotizacion monto price cost much cuanto cuanta
    horario horarios hora abren abre cierran cierra atienden atencion abierto hours open opening schedule
    envio envios enviar entrega entregan despacho despachan mandan reparto flete shipping delivery deliver
    pago pagos pagar abonar cobran payment pay
    tarjeta credito debito visa mastercard card
    cuotas cuota financiacion financian financiar mensualidades installments
    descuento promo promocion oferta rebaja bonificacion discount
    garantia garantizan cobertura warranty guarantee
    devolucion devolver devuelvo reembolso reintegro return refund
    cambio cambiar cambios exchange
    turno turnos cita citas reserva reservar agendar agenda appointment booking book
    cancelar cancelo cancelacion anular suspender cancel
    reprogramar reagendar postergar mover reschedule
    direccion ubicacion ubicados local sucursal domicilio calle avenida queda quedan llegar llego donde address location
    telefono celular whatsapp contacto contactar llamar numero phone
    mail correo email
    instalacion instalar instalan colocacion colocar montaje install installation
    mantenimiento service limpieza revision maintenance
    reparacion arreglo arreglar reparar repair
    roto falla defectuoso averiado problema
    urgencia urgente emergencia guardia emergency urgent
    dolor duele molestia pain
    diente dientes muela muelas dental dentadura tooth teeth
    departamento depto depa apartamento
    nino ninos chico chicos hijo hijos nene bebe infantil child children kids
    factura facturacion comprobante recibo ticket invoice
    impuesto impuestos tributo afip fisco tax taxes
    sueldo sueldos salario haberes nomina payroll
    empleado empleados personal trabajador
    contador contadora contable accountant
    obra seguro prepaga mutual insurance
    sabado sabados domingo domingos finde weekend
    feriado feriados festivo holiday
    plazo tarda tardan demora demoran dura duran duracion tiempo
    auto coche vehiculo estacionar estacionamiento cochera parking
    retiro retirar recoger buscar pickup
    documento documentos documentacion papeles requisitos requisito
    empresa negocio compania sociedad srl sas company
    grande capacidad tamano medida medidas size
    requerir precisar llevar traer
    """


@lru_cache(maxsize=1)
def _related() -> dict[str, frozenset[str]]:
    related: dict[str, set[str]] = {}
    for line in GROUPS.strip().splitlines():
        words = line.split()
        group = {term(word) for word in words if word not in STOP_WORDS}
        for word in words:
            # A stop word is looked up as it is written: the stem of "donde" or "much" would catch other words.
            related.setdefault(word if word in STOP_WORDS else term(word), set()).update(group)
    return {word: frozenset(group) for word, group in related.items()}


def related_terms(word: str) -> frozenset[str]:
    """Terms of words used for `word` (as typed), its own excluded; empty when none is known."""
    folded = fold(word)
    key = folded if folded in STOP_WORDS else term(folded)
    return _related().get(key, frozenset()) - {key}
