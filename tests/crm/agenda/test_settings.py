"""How the agenda behaves."""

from typing import Any

import pytest

from config.lib.errors import Invalid
from crm.agenda import settings
from crm.models import AgendaSettings
from tenants.db.current import connection
from tenants.domain.actor import Actor
from tenants.models import SystemEvent, Tenant

SYSTEM = Actor.system("Prueba")
pytestmark = pytest.mark.usefixtures("in_acme")


def test_nothing_is_written_until_somebody_changes_something() -> None:
    now = settings.current()
    assert (now.holidays, now.offer_minutes, now.reminder_hours, now.page_on) == ("", 30, [], False)
    assert not AgendaSettings.objects.exists()


def test_only_what_is_named_changes_and_the_trail_tells_which(acme: Tenant) -> None:
    settings.update_settings(by=SYSTEM, holidays="AR", reminder_hours=[2, 24, 2])
    settings.update_settings(by=SYSTEM, offer_minutes=45)
    now = settings.current()
    assert (now.holidays, now.offer_minutes, now.reminder_hours) == ("AR", 45, [24, 2])
    connection.run_before_commit()
    told = SystemEvent.objects.filter(tenant_id=acme.pk, action="agenda.settings_updated").order_by("pk")
    assert [each.diff for each in told] == [{"fields": ["holidays", "reminder_hours"]}, {"fields": ["offer_minutes"]}]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("holidays", "XX"),
        ("offer_minutes", 1),
        ("reminder_hours", [0]),
        ("reminder_hours", [400]),
        ("reminder_hours", [1, 2, 3, 4]),
        ("reminder_hours", ["2"]),
        ("reminder_hours", [True]),
        ("page_color", "rojo fuego"),
        ("page_title", "x" * 121),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_beside_its_field(field: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        settings.update_settings(by=SYSTEM, **{field: value})
    assert set(refused.value.fields) == {field}


def test_no_other_column_is_reached() -> None:
    with pytest.raises(Invalid):
        settings.update_settings(by=SYSTEM, id=2)
