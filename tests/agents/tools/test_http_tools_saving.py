"""What would not be safe to call is not saved: names, addresses, arguments, headers, secrets."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from agents.models import Tool
from agents.services import http_tools
from config.lib.errors import Conflict, Invalid
from tenants.context import tenant_context
from tenants.models import Credential
from tests.agents.services.story import TEAM, employ
from tests.agents.tools.services_of_acme import TEXT, arguments, make_service
from tests.fakes.http_service import HttpService


@pytest.fixture
def service() -> Iterator[HttpService]:
    with HttpService() as running:
        yield running


@pytest.mark.usefixtures("db")
class TestSaving:
    @pytest.mark.parametrize(
        ("field", "over"),
        [
            ("name", {"name": "Con Espacios"}),
            ("name", {"name": "x" * 65}),
            ("name", {"name": "handoff_to_human"}),
            ("label", {"label": ""}),
            ("description", {"description": "corta"}),
            ("method", {"method": "TRACE"}),
            ("service_url", {"service_url": "ftp://x.test/"}),
            ("service_url", {"service_url": "https://{codigo}.test/"}),
            ("service_url", {"service_url": "https://yo:clave@x.test/"}),
            ("service_url", {"service_url": "/solo/camino"}),
            ("service_url", {"service_url": "https://x.test/{{tenant.id}}"}),
            ("service_url", {"service_url": "https://x.test/{{contacto.documento}}"}),
            ("parameters", {"parameters": {"type": "array"}}),
            ("parameters", {"parameters": {"type": "object", "properties": {}}}),
            ("parameters", {"parameters": {**arguments(), "$ref": "https://evil.test/schema.json"}}),
            ("parameters", {"parameters": arguments(codigo={"$ref": "#/properties/codigo"})}),
            ("parameters", {"parameters": arguments(codigo={"type": "string", "pattern": "(a+)+$"})}),
            ("parameters", {"parameters": arguments(codigo={"type": "nada"})}),
            ("parameters", {"parameters": arguments(codigo={"enum": ["x" * 9000]})}),
            ("parameters", {"parameters": arguments(**{f"a{n}": TEXT for n in range(21)})}),
            ("parameters", {"parameters": arguments()}),
            ("headers", {"headers": {"Host": "otro.test"}}),
            ("headers", {"headers": {"X": "a\nb"}}),
            ("headers", {"headers": {"Idempotency-Key": "fija"}}),
            ("headers", {"headers": {"Authorization": "Bearer abc123"}}),
            ("headers", {"headers": {"X-Api-Key": "abc123"}}),
            ("headers", {"headers": {"Cookie": "sesion=abc123"}}),
            ("service_url", {"service_url": "https://x.test/{codigo}?api_key=abc123"}),
            ("service_url", {"service_url": "https://x.test/{codigo}?accessToken=abc123"}),
            ("body", {"body": {"a": 1}}),
            ("timeout", {"timeout": 21}),
            ("timeout", {"timeout": "mucho"}),
            ("prompt_injection", {"prompt_injection": "x" * 2001}),
            ("confirmation", {"method": "POST", "confirmation": "nadie"}),
            ("secrets", {"headers": {"X": "{{secreto.CLAVE}}"}}),
            ("secrets", {"secrets": {"SOBRA": "un-valor-largo"}}),
            ("secrets", {"headers": {"X": "{{secreto.clave}}"}, "secrets": {"clave": "un-valor-largo"}}),
        ],
    )
    def test_what_would_not_be_safe_is_refused_beside_its_field(self, acme, service, field, over):
        with pytest.raises(Invalid) as refused:
            make_service(acme, service, **over)
        assert field in refused.value.fields
        with tenant_context(acme):
            assert not Tool.objects.exists()
            assert not Credential.objects.filter(category="tools").exists()

    def test_a_word_that_only_looks_like_a_keys_name_may_stand_in_the_address(self, acme, service):
        make_service(acme, service, path="/precio/{codigo}?keyword=solar&author=ana&key={codigo}")

    def test_https_is_wanted_outside_of_development(self, acme, service, monkeypatch):
        monkeypatch.setattr(settings, "ALLOW_PRIVATE_PROVIDER_URLS", False)
        with pytest.raises(Invalid):
            make_service(acme, service)

    def test_one_name_stands_for_one_tool(self, acme, service):
        make_service(acme, service)
        with pytest.raises(Invalid):
            make_service(acme, service)

    def test_what_an_agent_has_is_not_removed(self, acme, service):
        tool = make_service(acme, service)
        employ(acme, tools=["consultar_precio"])
        with tenant_context(acme), pytest.raises(Conflict) as refused:
            http_tools.remove_tool(row=tool, by=TEAM)
        assert "Sol" in str(refused.value.message)
