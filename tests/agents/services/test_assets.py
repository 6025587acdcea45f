"""Texts of the business: written once, filled by name, never missing in silence."""

import pytest

from agents.models import Agent, BusinessAsset
from agents.services import agents, assets, previews
from agents.services.assets import create_asset, remove_asset, update_asset, used_by, uses, warnings_of
from config.lib.errors import Invalid
from tenants.context import tenant_context
from tenants.db.current import connection
from tenants.models import SystemEvent, Tenant
from tests.agents.services.story import TEAM, Story, employ
from tests.fakes.llm import FakeLLM

FIELDS = {"key": "marca", "kind": "branding", "title": "Quiénes somos", "content": "Acme instala desde 1990."}


def make(**over: object) -> BusinessAsset:
    return create_asset(by=TEAM, **{**FIELDS, **over})


def test_an_agent_says_what_the_business_wrote(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    with tenant_context(acme):
        Agent.objects.all().delete()
        asset = make()
    employ(acme, llm, system_prompt_template="Sos {{agent_name}}. {{activo.marca}}")
    llm.say("Acme instala desde 1990.")
    assert story.hear("¿Quiénes son?").status == "done"
    assert "Sos Sol. Acme instala desde 1990." in llm.requests[-1]["messages"][0]["content"]
    with tenant_context(acme):
        update_asset(asset=asset, by=TEAM, content="Acme instala desde 1985.")
    llm.say("Desde 1985.")
    story.hear("¿Desde cuándo?")
    assert "desde 1985" in llm.requests[-1]["messages"][0]["content"], "from the next message on, nothing published"


def test_a_long_script_may_be_said_whole(acme: Tenant, story: Story, llm: FakeLLM) -> None:
    script = "Trabajamos con garantía escrita de cinco años en cada equipo, con repuestos propios y visitas sin cargo dos veces por temporada."
    with tenant_context(acme):
        Agent.objects.all().delete()
        make(key="garantia", kind="scripts", content=script)
    employ(acme, llm, system_prompt_template="{{activo.garantia}}")
    llm.say(script)
    run = story.hear("¿Qué garantía dan?")
    assert (run.status, run.reply) == ("done", script)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key", ""),
        ("key", "con espacio"),
        ("key", "x" * 41),
        ("key", "ñandú"),
        ("kind", "secreto"),
        ("title", "  "),
        ("title", "x" * 121),
        ("content", ""),
        ("content", "x" * 8001),
        ("schema_name", "otra"),
    ],
)
def test_a_wrong_value_is_refused_and_named(in_acme: Tenant, field: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        make(**{field: value})
    assert field in caught.value.fields or field == "schema_name"
    assert not BusinessAsset.objects.exists()


def test_a_key_is_taken_once_whatever_its_case(in_acme: Tenant) -> None:
    assert make(key=" Marca ").key == "marca"
    with pytest.raises(Invalid) as caught:
        make()
    assert "key" in caught.value.fields


def test_there_is_a_limit_that_is_said(in_acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "MOST", 1)
    make()
    with pytest.raises(Invalid, match="hasta 1"):
        make(key="otra")


class TestUse:
    def test_working_copy_and_published_version_both_count(
        self, in_acme: Tenant, django_assert_num_queries: object
    ) -> None:
        asset = make()
        agent = agents.create_agent(by=TEAM, name="Vera", system_prompt_template="{{ asset.MARCA }}")
        agents.update_agent(agent=agent, by=TEAM, system_prompt_template="Sin nada")
        assert [each.name for each in used_by("marca")] == ["Vera"], "customers still meet it"
        agents.create_agent(by=TEAM, name="Sol", config={"rules": ["Decir {{activo.marca}}"]})
        with django_assert_num_queries(1):  # type: ignore[operator]
            assert len(uses(["marca", "otra"])["marca"]) == 2
        for change in (
            lambda: remove_asset(asset=asset, by=TEAM),
            lambda: update_asset(asset=asset, by=TEAM, key="lema"),
        ):
            with pytest.raises(Invalid, match="«Vera»"):
                change()
        asset.refresh_from_db()
        assert asset.key == "marca"

    def test_one_that_nobody_uses_goes(self, in_acme: Tenant) -> None:
        asset = make()
        update_asset(asset=asset, by=TEAM, key="lema", title="Lema")
        remove_asset(asset=asset, by=TEAM)
        connection.run_before_commit()
        rows = SystemEvent.objects.filter(action__startswith="asset.").order_by("id")
        assert list(rows.values_list("action", flat=True)) == ["asset.created", "asset.updated", "asset.removed"]


def test_what_would_be_empty_or_read_as_written_is_told(in_acme: Tenant) -> None:
    make(key="apagado", is_active=False)
    said = warnings_of(
        {
            "system_prompt_template": "{{empresa}} {{activo.apagado}} {{activo.falta}} {{campo.nada}}",
            "config": {"tone": "{{precio}}", "rules": ["{{company}}"]},
        },
        prompt="x" * 40_000,
    )
    assert len(said) == 5
    for piece in ("{{precio}} no existe", "{{activo.apagado}}", "{{activo.falta}}", "{{campo.nada}}", "muy largas"):
        assert any(piece in each for each in said), piece
    assert warnings_of({"system_prompt_template": "{{agente}} de {{empresa}}", "config": {}}) == []


def test_the_preview_is_the_whole_prompt_with_a_sample_customer(in_acme: Tenant) -> None:
    make()
    agent = agents.create_agent(
        by=TEAM,
        name="Vera",
        system_prompt_template="{{activo.marca}} Hoy es {{dia}}. {{contacto}}",
        enabled_tools=["rag_search"],
    )
    preview = previews.preview_of(agents.snapshot_of(agent))
    assert preview.text.startswith("Acme instala desde 1990. Hoy es ")
    for piece in ("Ana Pérez", "rag_search", "Reglas de la plataforma", in_acme.name):
        assert piece in preview.text
    assert preview.tokens == len(preview.text) // 4 + 1
    assert preview.warnings == []


def test_every_variable_that_is_offered_is_known(in_acme: Tenant) -> None:
    make()
    offered = " ".join(each.token for each in previews.variables())
    assert "{{activo.marca}}" in offered
    assert warnings_of({"system_prompt_template": offered}) == []
    assert len(previews.variables()) >= 11


def test_a_missing_key_is_seen_before_anybody_writes(in_acme: Tenant) -> None:
    assert previews.lacking_key("openai") == "openai"
    assert previews.lacking_key("demo") == previews.lacking_key("custom") == ""


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"tone": "x" * 501}, "config.tone"),
        ({"tone": 7}, "config.tone"),
        ({"rules": ["x"] * 61}, "config.rules"),
        ({"rules": ["x" * 401]}, "config.rules"),
        ({"rules": [7]}, "config.rules"),
        ({"dictionary": {str(number): ["x"] for number in range(201)}}, "config.dictionary"),
        ({"dictionary": {"termo": ["x"] * 21}}, "config.dictionary"),
        ({"dictionary": {"termo": ["x" * 61]}}, "config.dictionary"),
        ({"dictionary": {"termo": [{}]}}, "config.dictionary"),
        ({"dictionary": ["termo"]}, "config.dictionary"),
        ({"register": "gritos"}, "config.register"),
        ({"register_en": "usted"}, "config.register_en"),
        ({"disclosure": "never"}, "config.disclosure"),
        ({"max_steps": 7}, "config.max_steps"),
        ({"max_steps": True}, "config.max_steps"),
        ({"max_seconds": 1}, "config.max_seconds"),
        ({"max_tokens": "many"}, "config.max_tokens"),
        ({"base_url": "ftp://x"}, "config.base_url"),
        ({"base_url": "https://["}, "config.base_url"),
        ({"vision": "maybe"}, "config.vision"),
        ({"fallback_model": ["x"]}, "config.fallback_model"),
        ({"side_model": "x" * 81}, "config.side_model"),
    ],
)
def test_a_wrong_setting_is_refused_and_too_much_is_said_not_cut(
    in_acme: Tenant, config: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        agents.create_agent(by=TEAM, name="Vera", config=config)
    assert set(caught.value.fields) == {field}


def test_unknown_settings_are_kept_and_an_old_wrong_one_does_not_block_the_switch(in_acme: Tenant) -> None:
    agent = agents.create_agent(by=TEAM, name="Vera", config={"of_an_integration": {"a": 1}})
    assert agent.config == {"of_an_integration": {"a": 1}}
    Agent.objects.filter(pk=agent.pk).update(config={"register": "gritos"})
    agent.refresh_from_db()
    assert not agents.update_agent(agent=agent, by=TEAM, is_active=False).is_active
