"""Amounts as their currency is written at home: "$ 6.000.000,00", "US$ 1,250.00"."""

from decimal import Decimal

SYMBOLS = {
    "ARS": "$",
    "MXN": "$",
    "CLP": "$",
    "COP": "$",
    "UYU": "$",
    "USD": "US$",
    "BRL": "R$",
    "EUR": "€",
    "PEN": "S/",
}
POINT_DECIMALS = frozenset({"USD", "MXN", "PEN"})


def written(amount: Decimal, currency: str, places: int) -> str:
    """With so many decimals; an unknown currency by its code."""
    digits = f"{amount:,.{places}f}"
    if currency not in POINT_DECIMALS:
        digits = digits.translate(str.maketrans(",.", ".,"))
    return f"{SYMBOLS.get(currency, currency)}\N{NO-BREAK SPACE}{digits}".strip()
