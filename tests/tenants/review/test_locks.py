"""Row locks leave foreign keys alone, and names are held inside one company only."""

import ast
import threading
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from crm.models import Contact
from tenants.context import tenant_context
from tenants.live.services import emit
from tenants.locks import hold
from tests.factories.crm import make_contact, make_lead
from tests.support.cast import Cast
from tests.support.services import Services
from tests.support.together import at_once, meanwhile

# Rows about to be deleted: nothing new may come to point at them, and deleting takes the same lock anyway.
BEFORE_A_DELETION = {
    "crm/services/merging.py",
    "crm/services/privacy.py",
    "messaging/services/channel_leaving.py",
    "messaging/services/privacy.py",
    "tenants/services/vault_rotation.py",
}
APPS = ("tenants", "crm", "messaging", "rag", "agents")


def plain_locks() -> list[str]:
    """Calls of select_for_update that would also stop rows which only point at the locked one."""
    found = []
    for source in sorted(path for app in APPS for path in (Path(settings.ROOT) / app).rglob("*.py")):
        if str(source.relative_to(settings.ROOT)) in BEFORE_A_DELETION:
            continue
        for node in ast.walk(ast.parse(source.read_text())):
            if not isinstance(node, ast.Call) or getattr(node.func, "attr", "") != "select_for_update":
                continue
            if not any(each.arg == "no_key" for each in node.keywords):
                found.append(f"{source.relative_to(settings.ROOT)}:{node.lineno}")
    return found


def test_no_row_lock_stops_rows_that_only_point_at_it() -> None:
    assert plain_locks() == []


def test_a_locked_contact_and_a_new_lead_of_it_do_not_wait_for_each_other(live_tenants: Cast) -> None:
    """Each holds the live counter at the end, and PostgreSQL checks the lead's link after that."""
    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        contact = make_contact()
    together = threading.Barrier(2)

    def lock() -> None:
        Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
        together.wait(10)
        emit("LEAD_UPDATED", object="contact", id=contact.pk)

    def add() -> None:
        make_lead(contact=contact)
        emit("NEW_LEAD", object="lead", id="1")
        together.wait(10)

    assert at_once([lock, add], inside) == [None, None]


def test_a_held_name_makes_the_next_one_wait(live_tenants: Cast, test_services: Services) -> None:
    order: list[str] = []

    def second() -> None:
        hold("phone", "+1")
        order.append("second")

    inside = partial(tenant_context, live_tenants.acme)
    with inside():
        hold("phone", "+1")
        end = meanwhile(second, inside, test_services)
        order.append("first")
    end()
    assert order == ["first", "second"]


@pytest.mark.parametrize("names", [("phone", "+2"), ("phon", "e+1")])
def test_another_name_and_another_company_do_not_wait(
    live_tenants: Cast, test_services: Services, names: tuple[str, str]
) -> None:
    with tenant_context(live_tenants.acme):
        hold("phone", "+1")
        other = meanwhile(lambda: hold(*names), partial(tenant_context, live_tenants.acme), test_services)
        elsewhere = meanwhile(lambda: hold("phone", "+1"), partial(tenant_context, live_tenants.globex), test_services)
        assert other() is None
        assert elsewhere() is None
