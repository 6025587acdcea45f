"""Who attends: made, changed, and made by themselves when somebody joins to sell."""

from typing import Any

import pytest

from config.lib.errors import Invalid
from crm.models import Seller
from crm.services import sellers
from tenants.context import auth_scope, tenant_context
from tenants.models import Membership, Tenant
from tenants.services import people
from tests.factories.crm import make_seller
from tests.support.cast import Cast, Person


def status_of(person: Person, status: str, **over: object) -> None:
    with auth_scope():
        Membership.objects.filter(user=person.user).update(status=status, **over)


@pytest.mark.parametrize("role", ["professional", "setter", "closer"])
def test_whoever_is_let_in_to_sell_becomes_a_seller(acme: Tenant, ana: Person, pia: Person, role: str) -> None:
    with auth_scope():
        people.activate(tenant=acme, member_id=pia.member.pk, role=role, by=ana.actor)  # type: ignore[union-attr]  # a member
    with tenant_context(acme):
        seller = Seller.objects.get(user=pia.user)
        assert (seller.name, seller.email, seller.is_active) == ("Pia", pia.user.email, True)


@pytest.mark.parametrize("role", ["secretary", "ceo"])
def test_other_roles_do_not(acme: Tenant, ana: Person, pia: Person, role: str) -> None:
    with auth_scope():
        people.activate(tenant=acme, member_id=pia.member.pk, role=role, by=ana.actor)  # type: ignore[union-attr]  # a member
    with tenant_context(acme):
        assert not Seller.objects.filter(user=pia.user).exists()


def test_a_change_of_role_makes_one_too_and_a_second_welcome_changes_nothing(
    acme: Tenant, ana: Person, cast: Cast
) -> None:
    rita = cast["rita"]
    with auth_scope():
        for role in ("closer", "setter"):
            people.change_role(tenant=acme, member_id=rita.member.pk, role=role, by=ana.actor)  # type: ignore[union-attr]  # a member
    with tenant_context(acme):
        Seller.objects.filter(user=rita.user).update(name="Rita ventas")
        assert Seller.objects.get(user=rita.user).name == "Rita ventas"


def test_an_invited_closer_can_be_given_leads_at_once(acme: Tenant, pia: Person, ana: Person) -> None:
    with auth_scope():
        people.set_membership(user=pia.user, tenant=acme, role="closer", status="active", by=ana.actor)
    with tenant_context(acme):
        assert Seller.objects.filter(user=pia.user).count() == 1


def test_days_by_name_are_kept_by_number(in_acme: Tenant, ana: Person) -> None:
    hours = {"monday": {"enabled": True, "slots": [{"start": "09:00", "end": "13:00"}]}, "tuesday": {"enabled": False}}
    assert sellers.create_seller(name="Uno", by=ana.actor, working_hours=hours).working_hours == {
        "0": [["09:00", "13:00"]]
    }


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"working_hours": {"someday": [["09:00", "13:00"]]}}, "working_hours"),
        ({"working_hours": {"0": [["13:00", "09:00"]]}}, "working_hours"),
        ({"capacity": -1}, "capacity"),
        ({"specialties": ["x" * 41]}, "specialties"),
        ({"timezone": "Marte/Norte"}, "timezone"),
        ({"name": " "}, "name"),
    ],
)
def test_wrong_data_is_refused_beside_its_field(
    in_acme: Tenant, ana: Person, fields: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(Invalid) as caught:
        sellers.update_seller(seller=make_seller(), by=ana.actor, **fields)
    assert set(caught.value.fields) == {wrong}


def test_specialties_are_trimmed_and_stand_once(in_acme: Tenant, ana: Person) -> None:
    seller = sellers.update_seller(
        seller=make_seller(), by=ana.actor, specialties=[" Seguros  de auto", "seguros de AUTO", "", "Vida"]
    )
    assert seller.specialties == ["Seguros de auto", "Vida"]
