"""Whoever is asked over HTTP may take its time: no database connection waits with us."""

from typing import Any

from django.db import connections
from werkzeug import Request, Response

from config.lib import http
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact
from tests.support.cast import Cast


def held_while_asking(httpserver: Any) -> bool:
    ours, held = connections["default"], []  # of this thread

    def note(_request: Request) -> Response:
        held.append(ours.connection is not None)
        return Response("ok")

    httpserver.expect_request("/x").respond_with_handler(note)
    http.request("GET", httpserver.url_for("/x"))
    return held == [True]


def test_outside_of_a_transaction_none_is_held(live_tenants: Cast, acme: Tenant, httpserver: Any) -> None:
    with tenant_context(acme):
        make_contact()
    assert connections["default"].connection is not None
    assert not held_while_asking(httpserver)


def test_inside_of_one_it_stays(live_tenants: Cast, acme: Tenant, httpserver: Any) -> None:
    with tenant_context(acme):
        make_contact()
        assert held_while_asking(httpserver)
