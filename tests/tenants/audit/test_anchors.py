"""Ends of the chains kept outside of the database, and the command that checks everything."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from tenants.models import Tenant
from tenants.services import anchor
from tenants.tasks import anchor_audit
from tests.fakes.keeper import Keeper
from tests.support.cast import Cast
from tests.support.services import Services
from tests.tenants.audit.trail import head_of, tell


@pytest.fixture
def keeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    """A machine out of reach that keeps what it is sent."""
    with Keeper() as running:
        monkeypatch.setattr(settings, "AUDIT_ANCHOR_URL", running.url)
        yield running


def lines() -> list[str]:
    return anchor.path().read_text().splitlines()


def of(tenant: Tenant) -> list[anchor.Anchored]:
    return [each for each in anchor.read(lines()) if each.chain == tenant.pk]


def verify(**options: object) -> str:
    said = StringIO()
    call_command("verify_audit", stdout=said, **options)
    return said.getvalue()


def test_each_chain_that_moved_gets_a_line(acme: Tenant, globex: Tenant) -> None:
    tell(acme, 2)
    anchor_audit()
    tell(acme, 1)
    anchor_audit()
    anchor_audit()
    first, second = of(acme)
    assert second.position == first.position + 1
    assert len(of(globex)) <= 1
    assert anchor.path().stat().st_mode & 0o777 == 0o600
    assert anchor.state() == "ok"


def test_the_file_goes_on_after_a_crash_in_the_middle_of_a_line(acme: Tenant) -> None:
    tell(acme, 1)
    anchor.write()
    whole = anchor.path().read_bytes()
    with anchor.path().open("ab") as file:
        file.write(b'{"chain": 1, "posi')
    tell(acme, 1)
    anchor.write()
    assert anchor.path().read_bytes().startswith(whole)
    assert len(of(acme)) == 2


def test_what_is_remembered_of_the_file_is_only_a_short_cut(acme: Tenant) -> None:
    tell(acme, 1)
    anchor.write()
    anchor.path().with_suffix(".progress").unlink()
    assert anchor.write() == 0
    tell(acme, 1)
    assert anchor.write() == 1
    assert len(of(acme)) == 2


def test_a_damaged_file_is_left_as_it_is(acme: Tenant, caplog: pytest.LogCaptureFixture) -> None:
    tell(acme, 1)
    anchor.write()
    anchor.path().write_text("nonsense\n" + anchor.path().read_text())
    before = anchor.path().read_bytes()
    tell(acme, 1)
    assert anchor.run() == 0
    assert anchor.path().read_bytes() == before
    assert "damaged" in anchor.state()


def test_a_place_that_cannot_be_written_is_told_and_tried_again(
    acme: Tenant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(settings, "AUDIT_ANCHOR_FILE", str(tmp_path / "file" / "anchors.jsonl"))
    tell(acme, 1)
    assert anchor.run() == 0
    assert anchor.state().startswith("not written")
    monkeypatch.setattr(settings, "AUDIT_ANCHOR_FILE", str(tmp_path / "anchors.jsonl"))
    assert anchor.run() > 0
    assert anchor.state() == "ok"


@pytest.mark.parametrize("change", ["edit", "remove", "swap", "forge"])
def test_lines_that_were_touched_are_refused(acme: Tenant, change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _each in range(3):
        tell(acme, 1)
        anchor.write()
    kept = lines()
    anchor.read(kept)
    if change == "edit":
        kept[1] = json.dumps({**json.loads(kept[1]), "position": 999})
    elif change == "remove":
        del kept[1]
    elif change == "swap":
        kept[1], kept[2] = kept[2], kept[1]
    else:
        monkeypatch.setattr(settings, "SECRET_KEY", "another machine's secret")
    with pytest.raises(anchor.BadAnchors):
        anchor.read(kept)


def test_lines_signed_with_an_earlier_secret_still_count(acme: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(acme, 1)
    anchor.write()
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", [settings.SECRET_KEY])
    monkeypatch.setattr(settings, "SECRET_KEY", "the next secret")
    tell(acme, 1)
    anchor.write()
    assert len(of(acme)) == 2


def test_a_machine_out_of_reach_gets_every_line_once(acme: Tenant, keeper: Keeper) -> None:
    tell(acme, 1)
    anchor.run()
    tell(acme, 1)
    anchor.run()
    anchor.run()
    assert keeper.kept.decode().splitlines() == lines()
    assert keeper.requests == 2


def test_what_could_not_be_sent_is_sent_later(acme: Tenant, keeper: Keeper) -> None:
    keeper.status = 503
    tell(acme, 1)
    assert anchor.run() > 0
    assert anchor.state() == "not sent: 503"
    keeper.status = 200
    tell(acme, 1)
    anchor.run()
    assert keeper.kept.decode().splitlines() == lines()
    assert anchor.state() == "ok"


def test_a_shorter_trail_is_noticed_within_a_minute(
    live_tenants: Cast, test_services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    acme = live_tenants.acme
    tell(acme, 3)
    anchor.write()
    with test_services.inside() as inside:
        inside.execute("update tenants_audithead set position = 1 where chain = %s", [acme.pk])
    anchor.write()
    assert "shorter than it was" in caplog.text


def test_the_command_says_that_the_trail_holds(live_tenants: Cast) -> None:
    tell(live_tenants.acme, 3)
    assert "Without anchors" in verify(company=live_tenants.acme.slug)
    anchor.write()
    said = verify(company=live_tenants.acme.slug)
    assert "The audit trail holds." in said
    assert "Without anchors" not in said


def test_the_command_names_company_and_place_and_fails(live_tenants: Cast, test_services: Services) -> None:
    acme = live_tenants.acme
    tell(acme, 3)
    with test_services.inside() as inside:
        position, _hash = head_of(acme, inside)
        inside.execute(
            "update tenants_systemevent set actor_label = 'Nobody' where tenant_id = %s and position = %s",
            [acme.pk, position],
        )
    said = StringIO()
    with pytest.raises(CommandError, match="does not hold"):
        call_command("verify_audit", company=acme.slug, stdout=said)
    assert f"{acme.slug}: event {position} has other words than when it was written" in said.getvalue()


def test_the_command_checks_the_copy_of_another_machine(
    live_tenants: Cast, test_services: Services, tmp_path: Path
) -> None:
    """Whoever owns this machine may take its own file away; the copy still shows what is missing."""
    acme = live_tenants.acme
    tell(acme, 3)
    anchor.write()
    copy = tmp_path / "copy.jsonl"
    anchor.path().rename(copy)
    with test_services.inside() as inside:
        inside.execute("delete from tenants_systemevent where tenant_id = %s", [acme.pk])
        inside.execute("delete from tenants_audithead where chain = %s", [acme.pk])
    assert "holds" in verify(company=acme.slug)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_audit", company=acme.slug, anchors=str(copy), stdout=said)
    assert "is not what was anchored" in said.getvalue()


def test_the_platforms_own_chain_is_checked_too(live_tenants: Cast, test_services: Services) -> None:
    said = StringIO()
    with test_services.inside() as inside:
        inside.execute(
            "insert into tenants_systemevent (at, actor_kind, actor_id, actor_label, action, resource_type, resource_id,"
            " outcome, diff, agent, position, digest, hash) values (now(), 'platform', '', '', 'x', '', '', 'ok', '{}',"
            " '', 999, '', '')"
        )
        with pytest.raises(CommandError):
            call_command("verify_audit", stdout=said)
        inside.execute("delete from tenants_systemevent where position = 999 and tenant_id is null")
    assert "the platform: event 999" in said.getvalue()


@pytest.mark.parametrize("options", [{"company": "nobody"}, {"anchors": "/nowhere/anchors.jsonl"}])
def test_a_wrong_question_is_refused(live_tenants: Cast, options: dict[str, str]) -> None:
    with pytest.raises(CommandError):
        verify(**options)
