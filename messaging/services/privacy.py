"""What messaging keeps of a person: identities, chats, messages and their files. Port of `agents.privacy`.

Raw bodies, the spool and Redis: `privacy_raw`.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from config.lib.ids import as_uuid
from messaging.models import (
    Attachment,
    Channel,
    ChannelIdentity,
    Conversation,
    Message,
    MessageStatus,
    Provider,
    ScheduledMessage,
)
from messaging.services.conversations import cancel_queued, locked
from messaging.services.delivery import STALE
from messaging.services.media_files import path_of, thumbnail_of
from messaging.services.privacy_raw import forget_seen, leave_marks
from tenants.domain.privacy import BLANKED, COPY, DELETED, Busy, Columns, Declaration, Subject, words_of
from tenants.live.services import emit
from tenants.models import Tenant

AWAY = timedelta(days=30)  # far longer than any erasure takes
LEFTOVER_SECONDS = 3600.0  # a younger file may belong to a download that is still under way
OURS = "the company's own words about its work, nothing about who writes to it"
CODE = "a code of the product or of the provider"
STAFF = "people who work with the product, not who writes to the company"
DECLARED: Declaration = {
    "messaging.Channel": Columns(
        plain={OURS: "name config status_detail route_key facts", CODE: "provider channel_source status"}
    ),
    "messaging.ChannelIdentity": Columns("external_id username", DELETED, "identities", plain={CODE: "kind"}),
    "messaging.MetaLogin": Columns(plain={OURS: "token page_tokens found", CODE: "channel_source"}),
    "messaging.MessageTemplate": Columns(
        plain={
            OURS: "name components values reason submit_error",
            CODE: "language category status quality provider_template_id",
        }
    ),
    "messaging.ScheduledMessage": Columns(
        "text template reason", DELETED, "scheduled_messages", plain={CODE: "status", STAFF: "by_label"}
    ),
    "messaging.Conversation": Columns(
        "address external_chatwoot_id external_account_id mode_reason last_message_preview",
        DELETED,
        "conversations",
        plain={CODE: "channel_source provider address_kind status mode last_message_author"},
    ),
    "messaging.Message": Columns(
        "author_name text payload cause provider_message_id reply_to idempotency_key error",
        DELETED,
        "messages",
        plain={CODE: "direction author kind status error_code"},
    ),
    "messaging.Attachment": Columns(
        "filename provider_media_id link error file thumbnail sha256 transcript hearing_error",
        DELETED,
        "attachments",
        plain={CODE: "kind mime state hearing language"},
    ),
    "messaging.PendingStatus": Columns(
        "provider_message_id client_ref error",
        DELETED,
        COPY,
        "messages: a delivery notice, kept three days",
        plain={CODE: "status error_code pricing"},
    ),
    "messaging.ProviderNotice": Columns("text payload", DELETED, "notices", plain={CODE: "kind"}),
    "ingest.ChannelRoute": Columns(plain={OURS: "route_key config", CODE: "provider"}),
    "ingest.InboundEvent": Columns(
        "event_key raw error",
        BLANKED,
        "received",
        "event_key stays: the digest of a whole body or of a chat, by which the provider cannot bring it again",
        plain={CODE: "provider state"},
    ),
}  # fmt: skip


def find(subject: Subject) -> None:
    """Add chats, identities and every address at the providers."""
    identities = list(ChannelIdentity.objects.filter(contact_id=subject.contact_id))
    chats = list(Conversation.objects.filter(contact_id=subject.contact_id))
    subject.add("conversations", (str(each.pk) for each in chats))
    subject.add("rows", (str(each.pk) for each in identities))
    subject.add("addresses", ([str(each.channel_id), each.kind, each.external_id] for each in identities))
    subject.add(
        "addresses", ([str(each.channel_id), each.address_kind, each.address] for each in chats if each.address)
    )
    subject.add("addresses", _beside(subject))
    subject.add("phones", (each.external_id.lstrip("+") for each in identities if each.kind == "wa_id"))


def _beside(subject: Subject) -> list[list[str]]:
    """A Chatwoot account tells each of its inboxes' channels of everybody: the same person lies at all of their doors."""
    doors = list(Channel.objects.filter(provider=Provider.CHATWOOT))
    account = {str(each.pk): str(each.config.get("account_id", "")) for each in doors}
    known = [row for row in subject.addresses if row[0] in account]
    return [
        [pk, kind, external]
        for channel, kind, external in known
        for pk, number in account.items()
        if pk != channel and number == account[channel]
    ]


def counts(subject: Subject) -> dict[str, int]:
    mine = Message.objects.filter(conversation__contact_id=subject.contact_id)
    return {
        "conversations": Conversation.objects.filter(contact_id=subject.contact_id).count(),
        "messages": mine.count(),
        "files": Attachment.objects.filter(message__in=mine).count(),
    }


# --- export --------------------------------------------------------------------------------------------------


def nouns(subject: Subject) -> dict[str, Callable[[], Iterator[dict[str, Any]]]]:
    """File of the export → its rows."""
    return {
        "identities": lambda: _identities(subject),
        "conversations": lambda: _conversations(subject),
        "messages": lambda: _messages(subject),
        "attachments": lambda: _attachments(subject),
        "scheduled_messages": lambda: _scheduled(subject),
    }


def _identities(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = ChannelIdentity.objects.filter(contact_id=subject.contact_id).select_related("channel")
    for row in rows.order_by("created_at"):
        yield {
            **words_of(row, DECLARED["messaging.ChannelIdentity"], "created_at", "kind"),
            "channel": row.channel.channel_source,
        }


def _conversations(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in Conversation.objects.filter(contact_id=subject.contact_id).order_by("created_at"):
        yield words_of(row, DECLARED["messaging.Conversation"], "id", "created_at", "channel_source", "status")


def _messages(subject: Subject) -> Iterator[dict[str, Any]]:
    """In the order they were said; who of the team wrote one is about them and stays out."""
    facts = ("id", "conversation_id", "created_at", "direction", "author", "kind", "status", "sent_at", "read_at")
    named = (Message.Author.CONTACT, Message.Author.AGENT)
    for row in _said(subject):
        shown = words_of(row, DECLARED["messaging.Message"], *facts)
        yield {**shown, "author_name": row.author_name if row.author in named else ""}


def _said(subject: Subject, size: int = 1000) -> Iterator[Message]:
    """Page by page: a talk of years does not fit into memory."""
    for chat in Conversation.objects.filter(contact_id=subject.contact_id).order_by("created_at").values_list("pk"):
        last = 0
        while page := list(Message.objects.filter(conversation=chat[0], sequence__gt=last).order_by("sequence")[:size]):
            yield from page
            last = page[-1].sequence


def _attachments(subject: Subject) -> Iterator[dict[str, Any]]:
    for row in _files(subject):
        yield words_of(row, DECLARED["messaging.Attachment"], "id", "message_id", "created_at", "kind", "mime", "size")


def _scheduled(subject: Subject) -> Iterator[dict[str, Any]]:
    rows = ScheduledMessage.objects.filter(conversation__contact_id=subject.contact_id).order_by("created_at", "id")
    for row in rows:
        yield words_of(row, DECLARED["messaging.ScheduledMessage"], "id", "created_at", "send_at", "status")


def _files(subject: Subject) -> Iterator[Attachment]:
    rows = Attachment.objects.filter(message__conversation__contact_id=subject.contact_id)
    return rows.order_by("created_at", "id").iterator(chunk_size=500)


def files(tenant: Tenant, subject: Subject) -> Iterator[tuple[str, Path]]:
    """(name in the export, file on disk) of everything they sent or were sent."""
    for row in _files(subject):
        path = path_of(tenant, row)
        if path is not None:
            yield f"{row.pk}{path.suffix}", path


# --- erasing -------------------------------------------------------------------------------------------------


def fence(subject: Subject) -> None:
    """Take every chat away from the agent: the turn under way loses its right to write, what waits is withdrawn."""
    for chat_id in subject.conversations:
        chat = locked(chat_id)  # type: ignore[arg-type]  # a key as text
        if chat is None:
            continue
        chat.mode, chat.mode_reason = Conversation.Mode.HUMAN, _("Se está borrando a esta persona.")
        chat.human_override_until = timezone.now() + AWAY
        chat.reply_due_at = chat.reply_first_at = chat.waiting_since = None
        chat.turn_token = chat.turn_until = chat.handoff_token = None
        chat.save()
        cancel_queued(chat, _("Se está borrando a esta persona."))
        waiting = ScheduledMessage.objects.filter(conversation=chat, status=ScheduledMessage.Status.WAITING)
        waiting.update(status=ScheduledMessage.Status.CANCELLED)
        emit("CONVERSATION_UPDATED", object="conversation", id=chat.pk)


def settled(subject: Subject) -> None:
    """Raises Busy while a bubble is on its way to the provider: its sender will write what became of it."""
    sending = Message.objects.filter(
        conversation__contact_id=subject.contact_id,
        status=MessageStatus.SENDING,
        sending_since__gt=timezone.now() - STALE,
    )
    if sending.exists():
        raise Busy("a message is being sent")


def forget_words(tenant: Tenant, subject: Subject, *, limit: int = 500) -> list[str]:
    """Delete up to `limit` messages with their files; the ids of the rows that went, none when nothing was left."""
    leave_marks(tenant, subject)  # with the first words already: a look between two steps would miss them
    rows = list(Message.objects.filter(conversation__contact_id=subject.contact_id).order_by("id")[:limit])
    attached = list(Attachment.objects.filter(message__in=rows))
    # Files first: a row that is still there leads to its file when this is cut off here.
    for path in _on_disk(tenant, attached):
        path.unlink(missing_ok=True)
    forget_seen(tenant, ((str(row.channel_id), row.provider_message_id or "") for row in rows))
    Message.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [str(row.pk) for row in (*rows, *attached)]


def hold(subject: Subject) -> None:
    """Lock the identities first, as whoever stores a message does."""
    list(ChannelIdentity.objects.select_for_update().filter(contact_id=subject.contact_id).order_by("id"))


def forget(tenant: Tenant, subject: Subject) -> list[str]:
    """What came in since, then chats and identities. Call with contact and identities held."""
    chats = Conversation.objects.filter(contact_id=subject.contact_id)
    list(chats.select_for_update(no_key=True).order_by("id").values("pk"))
    settled(subject)
    gone: list[str] = []
    while some := forget_words(tenant, subject):
        gone += some
    chats.delete()
    ChannelIdentity.objects.filter(contact_id=subject.contact_id).delete()
    return gone


def tell(subject: Subject) -> None:
    """Open screens ask again and find nothing."""
    for chat_id in subject.conversations:
        emit("CONVERSATION_UPDATED", object="conversation", id=chat_id)


def _on_disk(tenant: Tenant, rows: Iterable[Attachment]) -> Iterator[Path]:
    """Where the row says; one that does not say so may have been written all the same, and not yet noted."""
    unsaid = []
    for row in rows:
        paths = [path for path in (path_of(tenant, row), thumbnail_of(tenant, row)) if path is not None]
        if paths:
            yield from paths
        elif row.state != Attachment.State.READY:
            unsaid.append(f"{row.pk}")
    folder = Path(settings.MEDIA_ROOT) / tenant.schema_name / "messages"
    if unsaid and folder.is_dir():
        yield from (path for path in folder.iterdir() if path.name.startswith(tuple(unsaid)) and path.is_file())


def sweep_files(tenant: Tenant, *, now: float) -> int:
    """Delete files older than an hour that no attachment names: a download that ended after its row was erased."""
    folder = Path(settings.MEDIA_ROOT) / tenant.schema_name / "messages"
    if not folder.is_dir():
        return 0
    old = [path for path in folder.iterdir() if path.is_file() and now - path.stat().st_mtime > LEFTOVER_SECONDS]
    gone = 0
    for start in range(0, len(old), 1000):
        some = old[start : start + 1000]
        known = set(map(str, Attachment.objects.filter(pk__in=_keys(some)).values_list("pk", flat=True)))
        for path in some:
            if path.name.partition(".")[0] not in known:
                path.unlink(missing_ok=True)
                gone += 1
    return gone


def _keys(paths: Iterable[Path]) -> list[str]:
    return [str(key) for path in paths if (key := as_uuid(path.name.partition(".")[0]))]
