"""Phone numbers as people type them, kept in E.164. A number is validated, never changed into another one."""

import phonenumbers
from django.utils.translation import gettext as _

from config.lib.errors import Invalid

# The region that a number without country code is read in, by the company's currency.
REGIONS = {
    "ARS": "AR", "BOB": "BO", "BRL": "BR", "CLP": "CL", "COP": "CO", "CRC": "CR", "DOP": "DO", "EUR": "ES", "GTQ": "GT",
    "MXN": "MX", "PEN": "PE", "PYG": "PY", "USD": "US", "UYU": "UY", "VES": "VE",
}  # fmt: skip


def as_e164(raw: str, *, currency: str) -> str:
    """Raises Invalid when no number can be read from `raw`."""
    try:
        number = phonenumbers.parse(raw.strip(), REGIONS.get(currency, "AR"))
    except phonenumbers.NumberParseException as error:
        raise _unreadable() from error
    if not phonenumbers.is_possible_number(number):
        raise _unreadable()
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _unreadable() -> Invalid:
    message = _("El teléfono no se entiende. Escribir con código de país, por ejemplo +54 9 11 5555 1111.")
    return Invalid(message, fields={"phone": message})
