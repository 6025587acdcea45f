"""The people of the tests. Gus is the outsider: whatever he sees of acme is a bug."""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import InternalError, OperationalError

from config.lib.ids import uuid7
from tenants.context import auth_scope
from tenants.domain.actor import Actor
from tenants.models import Membership, Tenant, User
from tenants.services.provisioning import create_tenant

ROLE_RETRIES = 5
PASSWORD = "demo-Sovereign-1"
# name: (company, role, status); root belongs to none.
ROLES = {
    "ana": ("acme", "ceo", "active"),
    "sol": ("acme", "closer", "active"),
    "teo": ("acme", "setter", "active"),
    "rita": ("acme", "secretary", "active"),
    "paz": ("acme", "professional", "active"),
    "pia": ("acme", "closer", "pending"),
    "iris": ("acme", "ceo", "suspended"),
    "gus": ("globex", "ceo", "active"),
}


@dataclass(frozen=True)
class Person:
    """Somebody with a login. `member` and `tenant` are None for the platform's own staff."""

    name: str
    user: User
    member: Membership | None = None
    tenant: Tenant | None = None

    @property
    def actor(self) -> Actor:
        return Actor("user", str(self.user.pk), str(self.user))


@dataclass
class Cast:
    """Two companies and everybody in them."""

    acme: Tenant
    globex: Tenant
    people: Mapping[str, Person] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Person:
        return self.people[name]

    def fresh(self) -> "Cast":
        """Copies that a test may change without another test seeing it."""
        return pickle.loads(
            pickle.dumps(self)
        )  # ten times as quick as a deep copy of models, and thousands of tests ask


def make_cast(*, suffix: str = "") -> Cast:
    """Create and commit both companies and their people. `suffix` keeps slugs and e-mails apart."""
    companies = {
        "acme": make_company(slug=f"acme{suffix}", name="Acme"),
        "globex": make_company(slug=f"globex{suffix}", name="Globex", trade="services"),
    }
    people = {}
    with auth_scope():
        for name, (company, role, status) in ROLES.items():
            tenant = companies[company]
            user = make_user(email=f"{name}@{company}{suffix}.test", name=name.title(), tenant_ids=[tenant.pk])
            member = Membership.objects.create(user=user, tenant=tenant, role=role, status=status)
            people[name] = Person(name, user, member, tenant)
        root = make_user(email=f"root@platform{suffix}.test", name="Root", is_platform_staff=True)
        people["root"] = Person("root", root)
    return Cast(companies["acme"], companies["globex"], people)


def make_company(*, slug: str, name: str = "", **over: object) -> Tenant:
    """A committed company; retried when another test process changed the same rows about database roles."""
    for attempt in range(ROLE_RETRIES):
        try:
            number = create_tenant(slug=slug, name=name or slug, **over).pk
        except (InternalError, OperationalError) as error:
            if "concurrently updated" not in str(error) or attempt == ROLE_RETRIES - 1:
                raise
        else:
            break
    with auth_scope():
        return Tenant.objects.get(pk=number)


def make_user(*, email: str = "", name: str = "Alguien", **over: object) -> User:
    """Call in `auth_scope()`; outside the cast, remember `tenant_ids`."""
    return User.objects.create_user(email or f"{uuid7()}@example.test", PASSWORD, name=name, **over)
