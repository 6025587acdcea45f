"""What the provider says of a channel's templates: its list, a submission's answer, a webhook's news.

The provider knows best: its word on a name and language is written down as it comes. Only a draft of ours is left alone
until it is submitted.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import commit
from config.lib.errors import ProviderError
from messaging.models import Channel, MessageTemplate
from messaging.providers.base import Notice
from messaging.providers.clean import identifier, mapping, text
from messaging.providers.templates import EMPTY, Book, Found, book_of, quality_of, state_of
from messaging.services.adapters import endpoints, secret_of
from messaging.services.templates import changed, channels, fitting, hold
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services.audit import record

State = MessageTemplate.Status
DAILY = timedelta(hours=24)
LEASE = timedelta(minutes=5)  # longer than a submission may last
#: a provider's reason → words
REASONS: dict[str, Promise] = {
    "ABUSIVE_CONTENT": gettext_lazy("WhatsApp ve en ella contenido abusivo o amenazante."),
    "INCORRECT_CATEGORY": gettext_lazy("La categoría no corresponde a lo que dice."),
    "INVALID_FORMAT": gettext_lazy("El formato no es válido: revisar las variables y los ejemplos."),
    "PROMOTIONAL": gettext_lazy("Tiene contenido promocional en una categoría que no lo admite."),
    "SCAM": gettext_lazy("WhatsApp la considera engañosa."),
    "TAG_CONTENT_MISMATCH": gettext_lazy("El idioma o la categoría no coinciden con el texto."),
    "FIRST_PAUSE": gettext_lazy("En pausa por 3 horas: muchas personas la rechazaron."),
    "SECOND_PAUSE": gettext_lazy("En pausa por 6 horas: muchas personas la rechazaron."),
    "RATE_LIMITING_PAUSE": gettext_lazy("En pausa: se enviaron demasiadas con baja calidad."),
    "UNPAUSE": gettext_lazy("Terminó la pausa."),
    "LIMIT_EXCEEDED": gettext_lazy("La cuenta llegó al límite de plantillas."),
}
NEWS = ("message_template_status_update", "message_template_quality_update", "template_category_update")


# --- review -----------------------------------------------------------------------------------------------------------


def submit(*, tenant: Tenant, template_id: UUID) -> None:
    """Call the provider outside any transaction. A lost answer is asked again: a name and language exist once there."""
    with tenant_context(tenant):
        row = _due().select_for_update(skip_locked=True, no_key=True, of=("self",)).filter(pk=template_id).first()
        if row is None:
            return
        row.submitted_at = timezone.now()
        row.save(update_fields=["submitted_at"])
        channel = row.channel
    words = {
        "name": row.name,
        "language": row.language,
        "category": row.category,
        "components": row.components,
    }
    try:
        book = _book(tenant, channel)
        known = row.provider_template_id
        found = book.change(provider_id=known, **words) if known else book.submit(**words)
    except ProviderError as error:
        _not_submitted(tenant, channel, row, error)
        return
    with tenant_context(tenant):
        _write(row, found)
        changed(channel.pk)


def _not_submitted(tenant: Tenant, channel: Channel, row: MessageTemplate, error: ProviderError) -> None:
    if error.code == "exists":  # ours, handed over before its answer was lost, or somebody else's: the provider says
        sync(tenant=tenant, channel_id=channel.pk)
    with tenant_context(tenant):
        hold(row)
        if row.status != State.PENDING or row.synced_at is not None:
            return
        if error.kind not in ("retry", "unknown"):
            row.status = State.DRAFT
        row.submit_error = error.message[:400]
        row.save(update_fields=["status", "submit_error"])
        changed(channel.pk)


def _due() -> QuerySet[MessageTemplate]:
    rows = MessageTemplate.objects.select_related("channel").filter(status=State.PENDING, synced_at=None)
    return rows.filter(Q(submitted_at=None) | Q(submitted_at__lt=timezone.now() - LEASE))


def due_ids(limit: int = 50) -> list[UUID]:
    """Submissions whose wake-up or worker was lost."""
    return list(_due().order_by("created_at").values_list("pk", flat=True)[:limit])


# --- the provider's list ------------------------------------------------------------------------------------------------


def ask_to_sync(*, channel: Channel, by: Actor) -> None:
    record(action="templates.synced", resource=channel, by=by)
    _queue_sync(channel)


def _queue_sync(channel: Channel) -> None:
    commit.queue("messaging.tasks.sync_templates", queue="sync", channel_id=str(channel.pk))


def sync(*, tenant: Tenant, channel_id: UUID) -> None:
    """Ask the provider for all of a channel's templates, outside any transaction, and write down what it says."""
    with tenant_context(tenant):
        channel = channels().filter(pk=channel_id).exclude(status=Channel.Status.DISABLED).first()
    if channel is None:
        return
    started, error, found = timezone.now(), "", []
    try:
        found = _book(tenant, channel).listed()
    except ProviderError as failure:
        error = failure.message
    with tenant_context(tenant):
        held = Channel.objects.select_for_update(no_key=True).filter(pk=channel_id).first()
        if held is None:
            return
        before = mapping(held.facts.get("templates"))
        told = {"at": before.get("at") if error else started.isoformat(), "tried": started.isoformat(), "error": error}
        held.facts = {**held.facts, "templates": told}
        held.save(update_fields=["facts"])
        if not error:
            _take_over_list(held, found, started)
        changed(channel_id)


def _book(tenant: Tenant, channel: Channel) -> Book:
    secret = secret_of(tenant, channel)
    return book_of(channel.provider, config=channel.config, secret=secret, endpoints=endpoints())


def _take_over_list(channel: Channel, found: list[Found], asked_at: datetime) -> None:
    ours = {
        (row.name, row.language): row
        for row in MessageTemplate.objects.select_for_update(no_key=True, of=("self",)).filter(channel=channel)
    }
    for each in found:
        row = ours.pop((each.name, each.language), None)
        if row is None:
            _write(MessageTemplate(channel=channel, name=each.name, language=each.language), each)
        elif row.status == State.DRAFT:
            if not row.provider_template_id:
                row.submit_error = _("WhatsApp ya tiene una plantilla con este nombre e idioma: elegir otro nombre.")
                row.save(update_fields=["submit_error"])
        elif row.submitted_at is None or row.submitted_at < asked_at:  # a newer word of ours is on its way
            _write(row, each)
    for row in ours.values():
        if row.status not in (State.DRAFT, State.GONE) and row.synced_at is not None:
            row.status, row.reason = State.GONE, _("Ya no está en WhatsApp.")
            row.save(update_fields=["status", "reason"])


def _write(row: MessageTemplate, found: Found) -> None:
    """The provider's word on one template."""
    row.category, row.status = found.category, found.state
    row.components = found.components or row.components
    row.values = fitting(row.components, row.values)
    row.reason = _reason(found.reason) if found.state != State.APPROVED else ""
    row.quality = found.quality
    row.provider_template_id = found.provider_id or row.provider_template_id
    row.synced_at, row.submit_error = timezone.now(), ""
    row.save()


def _reason(given: str) -> str:
    known = REASONS.get(given.upper())
    return str(known) if known is not None else given[:500]


def stale_ids() -> list[UUID]:
    """Channels whose list was last asked for a day ago or more."""
    now = timezone.now()
    rows = channels().filter(status=Channel.Status.CONNECTED).values_list("pk", "facts")
    limit = (now - DAILY).isoformat()
    return [pk for pk, facts in rows if str(mapping(mapping(facts).get("templates")).get("tried") or "") < limit]


def hear(*, channel: Channel, notice: Notice) -> None:
    """News of a template from a webhook, in Meta's words; anything else is passed over. Never raises for odd payloads.

    `channel` is where they arrived: the address of one account is told of all accounts of its app or key.
    """
    value = mapping(notice.payload.get("value"))
    if notice.kind not in NEWS:
        return
    name, language = text(value.get("message_template_name"), 512), text(value.get("message_template_language"), 15)
    their_id = identifier(value.get("message_template_id"))[:64]
    for each in _spoken_of(channel, notice.account_ref):
        row = _named(each, name, language)
        if row is None or row.status == State.DRAFT:
            continue
        sure = not notice.account_ref or _account(each) or (their_id and row.provider_template_id == their_id)
        if not sure:
            _queue_sync(each)  # perhaps a namesake in an account that is not this number's: the provider's list tells
            continue
        _hear(row, notice.kind, value)
        row.provider_template_id = their_id or row.provider_template_id
        row.synced_at = timezone.now()
        row.save()
        changed(each.pk)


def _spoken_of(channel: Channel, account: str) -> list[Channel]:
    """The provider's numbers in the account; without one that is named, the number itself, unless it is known to be another's."""
    named = channels().filter(provider=channel.provider, config__waba_id=account) if account else Channel.objects.none()
    return list(named) or ([channel] if not account or not _account(channel) else [])


def _account(channel: Channel) -> str:
    return str(channel.config.get("waba_id") or "")


def _named(channel: Channel, name: str, language: str) -> MessageTemplate | None:
    rows = MessageTemplate.objects.select_for_update(no_key=True, of=("self",))
    return rows.filter(channel=channel, name=name, language=language).first()


def _hear(row: MessageTemplate, kind: str, value: dict[str, Any]) -> None:
    if kind == NEWS[0]:
        row.status = state_of(value.get("event"))
        reason = text(value.get("reason"), 300) or text(mapping(value.get("other_info")).get("title"), 300)
        row.reason = "" if row.status == State.APPROVED or reason.upper() in EMPTY else _reason(reason)
    elif kind == NEWS[1]:
        row.quality = quality_of(value.get("new_quality_score"))
    else:
        category = text(value.get("new_category"), 20).lower()
        row.category = category if category in MessageTemplate.Category.values else row.category
