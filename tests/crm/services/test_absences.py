"""Times in which a seller gets nothing new."""

from datetime import timedelta

import pytest
from django.utils import timezone

from config.lib.errors import Invalid, NotFound
from crm.models import Absence
from crm.services import absences
from tenants.models import Tenant
from tests.factories.crm import make_seller
from tests.factories.crm_more import make_absence
from tests.support.cast import Person


def test_an_absence_is_noted_with_whoever_covers_and_taken_back(in_acme: Tenant, ana: Person) -> None:
    seller, cover, now = make_seller(), make_seller(), timezone.now()
    row = absences.add_absence(
        seller=seller, starts_at=now, ends_at=now + timedelta(days=3), cover=cover, reason="Vacaciones", by=ana.actor
    )
    assert (absences.coming(seller), row.cover) == ([row], cover)
    absences.remove_absence(absence=absences.absence_for(row.pk), by=ana.actor)
    assert not Absence.objects.exists()
    with pytest.raises(NotFound):
        absences.absence_for(row.pk)


@pytest.mark.parametrize(
    ("start", "end", "wrong"), [(2, 1, "ends_at"), (-5, -4, "ends_at"), (0, 1, "starts_at"), (-1, 9, "starts_at")]
)
def test_a_time_that_makes_no_sense_is_refused(in_acme: Tenant, ana: Person, start: int, end: int, wrong: str) -> None:
    seller, now = make_seller(), timezone.now()
    make_absence(seller=seller, starts_at=now + timedelta(hours=12), ends_at=now + timedelta(hours=36))
    with pytest.raises(Invalid) as caught:
        absences.add_absence(
            seller=seller, starts_at=now + timedelta(days=start), ends_at=now + timedelta(days=end), by=ana.actor
        )
    assert set(caught.value.fields) == {wrong}


def test_nobody_covers_for_themselves_and_nobody_who_left_covers(in_acme: Tenant, ana: Person) -> None:
    seller, now = make_seller(), timezone.now()
    for cover in (seller, make_seller(is_active=False)):
        with pytest.raises(Invalid) as caught:
            absences.add_absence(
                seller=seller, starts_at=now, ends_at=now + timedelta(days=1), cover=cover, by=ana.actor
            )
        assert set(caught.value.fields) == {"cover"}
