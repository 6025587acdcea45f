"""Resetting a company: a convenience of development that does nothing anywhere else."""

import os
import subprocess
import sys
from io import StringIO

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from crm.models import Contact, Stage
from tenants.context import auth_scope, tenant_context
from tenants.models import Membership
from tests.architecture.tree import ROOT
from tests.support.cast import Cast
from tests.support.services import Services


@pytest.fixture
def development(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "DEBUG", True)
    monkeypatch.setattr(settings, "DEMO", True)


def test_a_company_is_as_new_and_its_people_stay(live_tenants: Cast, development: None) -> None:
    acme = live_tenants.acme
    with tenant_context(acme):
        stages = Stage.objects.count()
        Contact.objects.create(name="Pia")
        Stage.objects.first().delete()
    said = StringIO()
    call_command("reset_tenant", acme.slug, stdout=said)
    assert "is as new" in said.getvalue()
    with tenant_context(acme):
        assert Contact.objects.count() == 0
        assert Stage.objects.count() == stages
    with auth_scope():
        assert Membership.objects.filter(tenant=acme, user=live_tenants["ana"].user).exists()
    call_command("schema_doctor", "--company", acme.slug, stdout=StringIO())  # would end the process


def test_another_company_keeps_everything(live_tenants: Cast, development: None) -> None:
    with tenant_context(live_tenants.globex):
        Contact.objects.create(name="Gus")
    call_command("reset_tenant", live_tenants.acme.slug, stdout=StringIO())
    with tenant_context(live_tenants.globex):
        assert Contact.objects.filter(name="Gus").exists()


@pytest.mark.parametrize(("debug", "demo"), [(False, True), (True, False), (False, False)])
def test_it_is_refused_outside_development(
    debug: bool, demo: bool, live_tenants: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DEBUG", debug)
    monkeypatch.setattr(settings, "DEMO", demo)
    with tenant_context(live_tenants.acme):
        Contact.objects.create(name="Pia")
    with pytest.raises(CommandError, match="only with development settings"):
        call_command("reset_tenant", live_tenants.acme.slug)
    with tenant_context(live_tenants.acme):
        assert Contact.objects.filter(name="Pia").exists()


def test_a_slug_that_nobody_has_is_said(db: None, development: None) -> None:
    with pytest.raises(CommandError, match="No company has the slug 'nobody'"):
        call_command("reset_tenant", "nobody")


def test_production_refuses_whatever_the_environment_says(live_tenants: Cast, test_services: Services) -> None:
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "SECRET_KEY": "x" * 60,
        "VAULT_KEYS": ",".join(settings.VAULT_KEYS),
        "ALLOWED_HOSTS": "crm.example.test",
        "PUBLIC_URL": "https://crm.example.test",
        "DEBUG": "1",
        "DEMO": "1",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "reset_tenant", live_tenants.acme.slug],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "A company is reset only with development settings" in done.stderr
    with test_services.inside() as judge:
        assert _has_schema(judge, live_tenants.acme.schema_name)


def _has_schema(judge: psycopg.Connection, name: str) -> bool:
    return judge.execute("select 1 from pg_namespace where nspname = %s", [name]).fetchone() is not None
