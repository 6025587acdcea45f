"""Every model of a company has a factory, and a row of it is never seen by the other one."""

from tenants.models import Tenant
from tests.factories import every_model
from tests.isolation.models import tenant_models


def test_every_tenant_model_has_a_factory() -> None:
    assert {model._meta.label for model in tenant_models()} == set(every_model.FACTORIES)


def test_every_factory_makes_a_row(in_acme: Tenant) -> None:
    for label, factory in every_model.FACTORIES.items():
        assert factory().pk is not None, label
