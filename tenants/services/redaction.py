"""What the shared tables and the live events keep of a person, and emptying what named them in the audit trail.

Port of `agents.privacy`. Only the owner of the tables may touch a row of the trail, and only two of its columns at once
(`tenants.services.chain`): whoever checks the chain finds the positions in the event `person.erased`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

from django.apps import apps
from django.db import connections, transaction
from django.db.models import Q, QuerySet

from tenants.context import auth_scope
from tenants.domain.privacy import BLANKED, COPY, DELETED, Columns, Declaration, Subject, words_of
from tenants.live.models import IdempotentRequest, LiveEvent
from tenants.models import Email, SystemEvent, Tenant

OWNER = "owner"
ERASED = "person.erased"
STAFF = "people who work with the product, not who writes to the company; ends with their account"
SEALED = "a key or a digest of one: it speaks of nobody"
CODE = "a code of the product"
OURS = "facts of the company itself"
CHAIN = "cannot change without breaking the chain; holds ids without a name, and the address of whoever works"
DECLARED: Declaration = {
    "tenants.SystemEvent": Columns(
        "actor_label diff",
        BLANKED,
        "trail",
        plain={CHAIN: "actor_kind actor_id action resource_type resource_id outcome ip agent salt digest hash"},
    ),
    "tenants.AuditHead": Columns(plain={SEALED: "hash"}),
    "tenants.Tenant": Columns(
        plain={
            OURS: "slug name trade timezone locale currency settings",
            CODE: "schema_name status schema_version node",
        }
    ),
    "tenants.Domain": Columns(plain={OURS: "domain"}),
    "tenants.SchemaSnapshot": Columns(plain={CODE: "fingerprint ddl"}),
    "tenants.User": Columns(plain={STAFF: "email name locale", SEALED: "access_mark", CODE: "tenant_ids"}),
    "tenants.Password": Columns(plain={SEALED: "hash"}),
    "tenants.Team": Columns(plain={OURS: "name"}),
    "tenants.Membership": Columns(plain={CODE: "role status scope"}),
    "tenants.OneTimeLink": Columns(plain={STAFF: "email", CODE: "kind role", SEALED: "token_hash"}),
    "tenants.Email": Columns(
        "to context error",
        DELETED,
        "emails",
        "only those that went to the person; the team's stay",
        plain={CODE: "kind locale state"},
    ),
    "tenants.CompanyRequest": Columns(plain={OURS: "slug name trade timezone locale currency", CODE: "state error"}),
    "tenants.Onboarding": Columns(plain={CODE: "steps"}),
    "tenants.PlatformAccess": Columns(plain={STAFF: "person reason ended_by"}),
    "tenants.RefreshToken": Columns(plain={SEALED: "token_hash password_mark successor"}),
    "tenants.SignIn": Columns(plain={STAFF: "ip agent", SEALED: "key", CODE: "kind"}),
    "tenants.SecondFactor": Columns(plain={SEALED: "secret"}),
    "tenants.RecoveryCode": Columns(plain={SEALED: "code_hash"}),
    "tenants.ApiKey": Columns(plain={OURS: "name", SEALED: "prefix key_hash", CODE: "scopes"}),
    "tenants.DataKey": Columns(plain={SEALED: "key_id wrapped"}),
    "tenants.Credential": Columns(plain={SEALED: "sealed last_four", CODE: "category name health health_detail"}),
    "tenants.CredentialVersion": Columns(plain={SEALED: "sealed last_four", STAFF: "written_by"}),
    "tenants.PlatformCredential": Columns(plain={SEALED: "key_id sealed last_four", CODE: "category name tenant_ids"}),
    "live.LiveEvent": Columns("data", DELETED, COPY, "ids only, kept one hour", plain={CODE: "type"}),
    "live.IdempotentRequest": Columns(
        "response body_hash key route",
        BLANKED,
        COPY,
        "contact, leads and messages: the answer to a write, kept one day",
    ),
    "contenttypes.ContentType": Columns(plain={CODE: "app_label model"}),
    "auth.Permission": Columns(plain={CODE: "name codename"}),
    "auth.Group": Columns(plain={CODE: "name"}),
    "sessions.Session": Columns(plain={STAFF: "session_data", SEALED: "session_key"}),
    "admin.LogEntry": Columns(plain={"never written (docs/decisions/006)": "object_id object_repr change_message"}),
}
OURS_TO_TELL = (
    "person."  # what was done about the person's rights is told for ever, by whom and when; it names nobody else
)


@cache
def _types() -> tuple[str, ...]:
    """Names of rows as the trail writes them, so that its index is used; where only the id is known there is none."""
    return ("", *sorted({str(model._meta.model_name) for model in apps.get_models()}))


def nouns(tenant: Tenant, subject: Subject) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
    """File of the export → its rows."""
    return {"trail": lambda: _trail(tenant, subject), "emails": lambda: _emails(tenant, subject)}


def _trail(tenant: Tenant, subject: Subject) -> Iterator[dict[str, Any]]:
    """Who of the team did something is about them; that it was done is about the person."""
    for row in _about(tenant, subject.ids, contact=subject.contact_id).order_by("position").iterator(chunk_size=500):
        shown = words_of(row, DECLARED["tenants.SystemEvent"], "at", "actor_kind", "action", "outcome")
        yield {**shown, "actor_label": row.actor_label if row.actor_kind == "contact" else ""}


def _emails(tenant: Tenant, subject: Subject) -> Iterator[dict[str, Any]]:
    for row in _written_to(tenant, subject):
        yield words_of(row, DECLARED["tenants.Email"], "created_at", "sent_at", "kind")


def _written_to(tenant: Tenant, subject: Subject) -> QuerySet[Email]:
    wanted = Q(pk=None)
    for each in subject.emails:
        wanted |= Q(to__iexact=each)
    return Email.objects.filter(wanted, tenant_id=tenant.pk, user=None, link=None)


# --- erasing -------------------------------------------------------------------------------------------------


def forget_emails(tenant: Tenant, subject: Subject) -> int:
    """E-mails to the person; only the sign-in role may delete one. Call outside of the company's transaction."""
    with auth_scope():
        return _written_to(tenant, subject).delete()[0]


def forget_live(subject: Subject) -> int:
    """Live events about the rows that are gone, and what the API answered about them."""
    ids = subject.ids
    gone = LiveEvent.objects.filter(Q(data__id__in=ids) | Q(data__conversation__in=subject.conversations)).delete()[0]
    wanted = Q()
    for each in (subject.contact_id, *subject.leads, *subject.conversations, *subject.needles):
        wanted |= Q(response__icontains=each) | Q(route__icontains=each) | Q(key__icontains=each)
    rows = IdempotentRequest.objects.filter(wanted)
    # The rows stay for their day: with none, a repeated request would make the person anew.
    for row in rows:
        row.response, row.body_hash = "", ""
        if any(each in f"{row.key} {row.route}".lower() for each in subject.needles):
            row.key, row.route = f"erased:{row.pk}", ""
        row.save(update_fields=["response", "body_hash", "key", "route"])
        gone += 1
    return gone


def positions(tenant: Tenant, ids: Iterable[str]) -> list[int]:
    """Where the trail of the entered company speaks of rows with these ids and still has words."""
    return _wordy(_about(tenant, list(ids), contact=""))


def all_positions(tenant: Tenant, subject: Subject) -> list[int]:
    """The same for everything that is known of the person, and wherever else a phone or e-mail of theirs was noted."""
    noted = Q(pk=None)
    for each in subject.needles:
        noted |= Q(actor_label__icontains=each) | Q(diff__icontains=each)
    elsewhere = _wordy(SystemEvent.objects.filter(noted, tenant_id=tenant.pk))
    return sorted({*elsewhere, *_wordy(_about(tenant, subject.ids, contact=subject.contact_id))})


def _wordy(rows: QuerySet[SystemEvent]) -> list[int]:
    rows = rows.filter(redacted_at=None).exclude(action__startswith=OURS_TO_TELL).exclude(actor_label="", diff={})
    return list(rows.order_by("position").values_list("position", flat=True))


def _about(tenant: Tenant, ids: list[str], *, contact: str) -> QuerySet[SystemEvent]:
    wanted = Q(resource_type__in=_types(), resource_id__in=ids)
    if contact:
        wanted |= Q(actor_kind="contact", actor_id=contact)
    return SystemEvent.objects.filter(wanted, tenant_id=tenant.pk)


def redact(tenant: Tenant, given: list[int]) -> int:
    """Empty what named somebody at these positions; repeating it changes nothing. Outside of any transaction.

    By the owner's login: the roles that write the trail may not change it.
    """
    try:
        with transaction.atomic(using=OWNER), connections[OWNER].cursor() as cursor:
            cursor.execute(
                "update tenants_systemevent set actor_label = '', diff = '{}', salt = null, redacted_at = now()"
                " where tenant_id = %s and position = any(%s) and redacted_at is null",
                [tenant.pk, given],
            )
            return cursor.rowcount
    finally:
        connections[OWNER].close()
