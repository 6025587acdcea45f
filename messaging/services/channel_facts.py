"""What a provider says of an account, in words. Unknown values are shown as they came: providers add them without notice."""

from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.models import Channel

# Meta: "Phone number quality rating" and "Messaging limits", 2026; YCloud passes the same values on.
QUALITY = {
    "GREEN": gettext_lazy("buena"),
    "HIGH": gettext_lazy("buena"),
    "YELLOW": gettext_lazy("regular"),
    "MEDIUM": gettext_lazy("regular"),
    "RED": gettext_lazy("mala"),
    "LOW": gettext_lazy("mala"),
}
POOR = ("RED", "LOW")
LIMITS = {
    "TIER_50": gettext_lazy("50 personas por día"),
    "TIER_250": gettext_lazy("250 personas por día"),
    "TIER_1K": gettext_lazy("1.000 personas por día"),
    "TIER_2K": gettext_lazy("2.000 personas por día"),
    "TIER_10K": gettext_lazy("10.000 personas por día"),
    "TIER_100K": gettext_lazy("100.000 personas por día"),
    "TIER_UNLIMITED": gettext_lazy("sin límite"),
}
LABELS = {
    "name": gettext_lazy("Nombre en el canal"),
    "username": gettext_lazy("Usuario"),
    "phone": gettext_lazy("Número"),
    "number": gettext_lazy("Número"),
    "quality": gettext_lazy("Calidad"),
    "limit": gettext_lazy("Conversaciones que puede empezar"),
    "status": gettext_lazy("Estado en el proveedor"),
    "subscribed": gettext_lazy("Avisos suscritos"),
    "coexistence": gettext_lazy("También en la app del teléfono"),
}
# Meta: "status" of a phone number, 2026. What is missing here is shown as it came.
STATES = {
    "CONNECTED": gettext_lazy("conectado"),
    "PENDING": gettext_lazy("pendiente"),
    "UNVERIFIED": gettext_lazy("sin verificar"),
    "OFFLINE": gettext_lazy("sin conexión"),
    "DISCONNECTED": gettext_lazy("desconectado"),
    "FLAGGED": gettext_lazy("observado por su calidad"),
    "RESTRICTED": gettext_lazy("restringido"),
    "RATE_LIMITED": gettext_lazy("limitado por exceso de mensajes"),
    "BANNED": gettext_lazy("prohibido"),
    "MIGRATED": gettext_lazy("mudado"),
    "DELETED": gettext_lazy("eliminado"),
}
ANSWERS = {"status": STATES, "quality": QUALITY, "limit": LIMITS}


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    poor: bool = False


def told(channel: Channel) -> list[Fact]:
    """What is worth showing, in a fixed order."""
    facts = []
    for name, label in LABELS.items():
        value = channel.facts.get(name)
        if value not in (None, ""):
            facts.append(Fact(str(label), _words(name, value), poor=name == "quality" and value in POOR))
    return facts


def quality(channel: Channel) -> Fact | None:
    """For the card; nothing where the provider rates nothing."""
    value = channel.facts.get("quality")
    if not isinstance(value, str) or value not in QUALITY:
        return None
    return Fact(str(LABELS["quality"]), str(QUALITY[value]), poor=value in POOR)


def resting(channel: Channel) -> bool:
    """Whether nothing is tried for a while, after failures in a row."""
    return channel.resting_until is not None and channel.resting_until > timezone.now()


def _words(name: str, value: object) -> str:
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    known: dict[str, str | Promise] = ANSWERS.get(name, {})  # type: ignore[assignment]  # lazy words
    return str(known.get(str(value), value))[:200]
