"""How a company addresses its customers: vos, tú or usted in Spanish, casual or formal in English.

It chooses the platform's own words; of what the model writes it only asks. A Spanish text with several forms is
written `[vos|tú|usted]`: "[Contestá|Contesta|Conteste] en el idioma en que escriben."
"""

import re
from collections.abc import Mapping

SPANISH = ("voseo", "tuteo", "usted")
ENGLISH = ("casual", "formal")
_VOSEO = frozenset({"", "ar", "uy", "py"})  # countries; a bare "es" is the product's own Spanish
_FORMS = re.compile(r"\[([^|\[\]]*)\|([^|\[\]]*)\|([^|\[\]]*)\]")

# Said when a person takes over. True the moment it is said: the chat is then in people's hands.
_HANDED_OVER = {
    "es": "[Te paso con una persona del equipo. Te|Te paso con una persona del equipo. Te|Una persona del equipo sigue con"
    " su consulta y le] responde por este mismo chat.",
    "casual": "I'm passing you to a person of the team. They will answer in this same chat.",
    "formal": "I am passing you to a member of our team, who will answer in this same chat.",
}


def spanish_of(wanted: object, locale: str) -> str:
    """The register that was chosen, else the usual one of the company's country."""
    if wanted in SPANISH:
        return str(wanted)
    country = locale.lower().replace("_", "-").partition("-")[2]
    return "voseo" if country in _VOSEO else "tuteo"


def english_of(wanted: object, spanish: object = "") -> str:
    """The register that was chosen; a company that says usted is formal in English as well."""
    if wanted in ENGLISH:
        return str(wanted)
    return "formal" if spanish == "usted" else "casual"


def in_register(text: str, register: str) -> str:
    """The text with one of the forms of each `[vos|tú|usted]`."""
    place = SPANISH.index(register) + 1
    return _FORMS.sub(lambda match: match.group(place), text)


def handed_over(language: str, config: Mapping[str, object], locale: str) -> str:
    """What the platform says to a customer whose chat goes to a person. `language` is es or en."""
    spanish = config.get("register")
    if language == "en":
        return _HANDED_OVER[english_of(config.get("register_en"), spanish)]
    return in_register(_HANDED_OVER["es"], spanish_of(spanish, locale))
