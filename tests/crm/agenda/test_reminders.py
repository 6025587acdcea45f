"""When customers are reminded, and when sellers are asked what became of an appointment."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from crm import tasks as doors
from crm.agenda import events, reminders, settings
from crm.models import AgendaEvent, Notification
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.agenda import make_agenda_settings, make_event
from tests.factories.crm import make_seller
from tests.support.cast import Person

BY = Actor.system("Prueba")
NOW = datetime(2027, 3, 2, 15, 0, tzinfo=UTC)


def event_in(hours: float, **over: object) -> AgendaEvent:
    starts = over.pop("now", NOW) + timedelta(hours=hours)  # type: ignore[operator]  # a datetime
    return make_event(starts_at=starts, ends_at=starts + timedelta(hours=1), **over)


class TestNextReminder:
    @pytest.mark.parametrize(
        ("hours", "expected"), [(48, 24), (24, 2), (10, 2), (2, None), (1, None)], ids=lambda each: f"{each}"
    )
    def test_it_is_the_first_moment_still_to_come(self, in_acme: Tenant, hours: int, expected: int | None) -> None:
        make_agenda_settings(reminder_hours=[24, 2])
        event = event_in(hours)
        moment = reminders.next_reminder(event, NOW)
        assert moment == (event.starts_at - timedelta(hours=expected) if expected else None)

    @pytest.mark.parametrize(
        "over",
        [{"status": "cancelled"}, {"status": "done"}, {"kind": "busy"}, {"contact": None}],
        ids=["cancelled", "done", "busy", "nobody"],
    )
    def test_nothing_is_said_of_what_is_called_off_over_or_with_nobody(
        self, in_acme: Tenant, over: dict[str, object]
    ) -> None:
        make_agenda_settings(reminder_hours=[24])
        assert reminders.next_reminder(event_in(48, **over), NOW) is None

    def test_without_hours_nobody_is_reminded(self, in_acme: Tenant) -> None:
        assert reminders.next_reminder(event_in(48), NOW) is None

    def test_a_change_of_the_hours_reaches_what_is_booked(self, acme: Tenant) -> None:
        now = timezone.now()
        with tenant_context(acme):
            event = event_in(48, now=now)
            settings.update_settings(by=BY, reminder_hours=[3])
            reminders.plan_anew(now)
            event.refresh_from_db()
            assert event.next_reminder_at == event.starts_at - timedelta(hours=3)

    def test_whoever_confirms_is_not_reminded_of_the_same_hour_again(self, in_acme: Tenant) -> None:
        make_agenda_settings(reminder_hours=[24, 2])
        now = timezone.now()
        event = event_in(20, now=now, next_reminder_at=now - timedelta(minutes=1))
        due, more = reminders.claim(now)
        assert due is not None
        assert more
        events.confirm(event=event, by=BY)
        event.refresh_from_db()
        assert event.next_reminder_at == event.starts_at - timedelta(hours=2)
        assert reminders.claim(now) == (None, False)


class TestOutcomes:
    def ask(self, tenant: Tenant, now: datetime) -> int:
        with tenant_context(tenant):
            return reminders.ask_outcomes(now)

    def told(self, tenant: Tenant) -> list[tuple[object, str, str]]:
        with tenant_context(tenant):
            rows = Notification.objects.filter(kind=Notification.Kind.AGENDA).order_by("created_at", "pk")
            return [(row.user_id, row.facts["what"], row.href) for row in rows]

    def test_a_seller_is_told_once_on_the_morning_after(self, acme: Tenant, sol: Person) -> None:
        zone = ZoneInfo(acme.timezone)
        with tenant_context(acme):
            seller = make_seller(user=sol.user)
            for hour in (15, 17):
                starts = datetime(2027, 3, 2, hour, tzinfo=zone)
                make_event(seller=seller, starts_at=starts)
            make_event(seller=seller, starts_at=datetime(2027, 3, 2, 11, tzinfo=zone), status="done")
            make_event(seller=seller, starts_at=datetime(2027, 3, 2, 12, tzinfo=zone), kind="busy", contact=None)
        assert self.ask(acme, datetime(2027, 3, 2, 23, tzinfo=zone)) == 0
        assert self.ask(acme, datetime(2027, 3, 3, 8, 59, tzinfo=zone)) == 0
        assert self.ask(acme, datetime(2027, 3, 3, 9, 0, tzinfo=zone)) == 2
        assert self.ask(acme, datetime(2027, 3, 3, 9, 10, tzinfo=zone)) == 0
        assert self.told(acme) == [(sol.user.pk, "outcome", "/mi-dia/")] * 2

    def test_early_meetings_wait_for_the_next_morning(self, acme: Tenant, sol: Person) -> None:
        zone = ZoneInfo(acme.timezone)
        with tenant_context(acme):
            make_event(seller=make_seller(user=sol.user), starts_at=datetime(2027, 3, 3, 8, 30, tzinfo=zone))
        assert self.ask(acme, datetime(2027, 3, 3, 20, tzinfo=zone)) == 0
        assert self.ask(acme, datetime(2027, 3, 4, 9, tzinfo=zone)) == 1

    def test_the_sweep_asks_in_every_company(self, acme: Tenant, sol: Person) -> None:
        with tenant_context(acme):
            event = event_in(-50, now=timezone.now(), seller=make_seller(user=sol.user))
        doors.ask_outcomes()
        assert len(self.told(acme)) == 1
        with tenant_context(acme):
            event.refresh_from_db()
            assert event.outcome_asked_at is not None
