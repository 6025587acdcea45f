"""In which zone a customer reads a clock, by the country of their phone."""

from datetime import datetime
from zoneinfo import ZoneInfo

# Countries with one zone, or one in which nearly all of them live, by calling code. A number of Mexico, Brazil or the
# United States does not tell. Sources: ITU E.164 calling codes; the tz database's zone1970.tab.
ZONES = {
    "+1809": "America/Santo_Domingo", "+1829": "America/Santo_Domingo", "+1849": "America/Santo_Domingo",
    "+34": "Europe/Madrid", "+502": "America/Guatemala", "+503": "America/El_Salvador", "+504": "America/Tegucigalpa",
    "+505": "America/Managua", "+506": "America/Costa_Rica", "+507": "America/Panama", "+51": "America/Lima",
    "+54": "America/Argentina/Buenos_Aires", "+56": "America/Santiago", "+57": "America/Bogota",
    "+58": "America/Caracas", "+591": "America/La_Paz", "+593": "America/Guayaquil", "+595": "America/Asuncion",
    "+598": "America/Montevideo",
}  # fmt: skip


def zone_of(phone: str, *, company: ZoneInfo, at: datetime) -> ZoneInfo:
    """The company's zone, unless the phone's country has another time at that moment. `at` aware."""
    found = next((zone for code, zone in ZONES.items() if phone.startswith(code)), "")
    if not found or at.astimezone(ZoneInfo(found)).utcoffset() == at.astimezone(company).utcoffset():
        return company
    return ZoneInfo(found)
