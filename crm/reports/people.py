"""What each seller did: only what they themselves did."""

from django.utils.translation import gettext as _

from crm.reports.base import MONEY, PERCENT, SECONDS, TEXT, Cell, Column, Report, Scope
from crm.services import seller_numbers

MOST_SELLERS = 100


def sellers(scope: Scope) -> Report:
    """The period's numbers of the sellers whom the member may see, whoever won most first."""
    people = seller_numbers.visible_sellers(scope.member).filter(is_active=True).order_by("name")
    if scope.seller is not None:
        people = seller_numbers.visible_sellers(scope.member).filter(pk=scope.seller)
    chosen = list(people[:MOST_SELLERS])
    start, end = scope.bounds()
    numbers = seller_numbers.numbers(chosen, start=start, end=end)
    rows = []
    for seller in sorted(chosen, key=lambda each: (-numbers[each.pk].won, each.name)):
        did = numbers[seller.pk]
        won = scope.href("closed", status="won", owner=seller.pk)
        rows.append(
            [
                Cell(seller.name),
                Cell(did.received, scope.href("received", received_by=seller.pk)),
                Cell(did.open_now, scope.href(status="open", owner=seller.pk)),
                Cell(did.won, won),
                Cell(did.lost, scope.href("closed", status="lost", owner=seller.pk)),
                Cell(did.win_rate),
                Cell(did.won_value or None, won if did.won_value else ""),
                Cell(did.half),
                Cell(did.ninety),
                Cell(did.on_time_rate),
                Cell(did.attended),
                Cell(did.tasks_on_time),
                Cell(did.tasks_late),
            ]
        )
    return Report(
        "sellers",
        _("Vendedores"),
        [
            Column("seller", _("Vendedor"), TEXT),
            Column("received", _("Recibidos")),
            Column("open", _("Abiertos hoy")),
            Column("won", _("Ganados")),
            Column("lost", _("Perdidos")),
            Column("rate", _("Ganados de los cerrados"), PERCENT),
            Column("value", _("Valor ganado"), MONEY),
            Column("median", _("Primera respuesta, la mitad en"), SECONDS),
            Column("ninety", _("9 de cada 10 en"), SECONDS),
            Column("on_time", _("A tiempo"), PERCENT),
            Column("attended", _("Chats atendidos")),
            Column("tasks_on_time", _("Tareas a tiempo")),
            Column("tasks_late", _("Tareas tarde")),
        ],
        rows,
        _("Solo cuenta lo que hizo cada persona: lo que respondió la IA no es de nadie."),
        bars_of="won",
    )
