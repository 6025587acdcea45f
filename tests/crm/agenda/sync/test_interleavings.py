"""Whatever the order of edits, writes, reads, faults and deaths: both sides end alike.

CALENDAR_INTERLEAVINGS=1000 plays more of them, CALENDAR_FIRST=… other ones.
"""

import os

import pytest

from tenants.models import Tenant
from tests.crm.agenda.sync.conftest import make_both
from tests.crm.agenda.sync.meddling import play
from tests.fakes.google_calendar import GoogleFake

COUNT, FIRST = int(os.environ.get("CALENDAR_INTERLEAVINGS", "60")), int(os.environ.get("CALENDAR_FIRST", "0"))
BATCH = 10


@pytest.mark.parametrize("first", range(FIRST, FIRST + COUNT, BATCH))
def test_any_order_ends_alike_on_both_sides(
    acme: Tenant, server: GoogleFake, queued: object, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    for seed in range(first, first + BATCH):
        both = make_both(acme, server, calendar_id=f"order-{seed}@example.test")
        play(both, seed, monkeypatch)
