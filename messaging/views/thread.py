"""A conversation for reading: bubbles with their files and receipts, days between them, who has it, whether it is open."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, OuterRef, QuerySet, Subquery, TextField, Value, When
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from config.lib.ids import as_uuid
from messaging.domain.media_limits import DRAWN, plain_mime
from messaging.domain.timing import window_closes
from messaging.models import Attachment, Conversation, Message, Provider
from messaging.services.conversations import ELSEWHERE
from tenants.models import Membership

SHOWN = 50
QUOTE = 120  # characters of a quoted message
MOST_LIVE = 400  # messages that a page left open all day keeps asking for


@dataclass(frozen=True)
class File:
    """A file of a message as the thread draws it; served by the gate at `href`."""

    href: str
    kind: str
    mime: str
    name: str
    size: int
    state: str
    error: str
    thumbnail: str
    hearing: str
    language: str
    seconds: float | None
    hearing_error: str

    @property
    def shape(self) -> str:
        """image, audio, video or document: how it is drawn, by what the file is and not by what it claims."""
        mime = plain_mime(self.mime)
        shape = mime.partition("/")[0]
        return shape if mime in DRAWN and shape in ("image", "audio", "video") else "document"

    @property
    def small(self) -> str:
        return f"{self.href}miniatura/" if self.thumbnail else self.href

    @property
    def length(self) -> str:
        """ "1:07"; empty when nobody told."""
        return "" if self.seconds is None else f"{int(self.seconds) // 60}:{int(self.seconds) % 60:02}"

    @property
    def tongue(self) -> str:
        """The language of a voice note in words; the code where it has none here."""
        try:
            return str(get_language_info(self.language)["name_translated"]).lower() if self.language else ""
        except KeyError:
            return self.language


@dataclass(frozen=True)
class Receipt:
    """What an agent did. `undo`: where it can be undone, and `undone_by` and `undone_at` once somebody did."""

    text: str
    href: str
    undo: str = ""
    undone_by: str = ""
    undone_at: datetime | None = None


@dataclass(frozen=True)
class Line:
    """One bubble; `day` is set on the first of a day."""

    message: Message
    day: str = ""
    files: list[File] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)

    @property
    def words(self) -> str:
        """What was said; nothing where the words are only ours in place of a file that is drawn anyway."""
        placeholder = self.message.payload.get("placeholder") and self.files
        return "" if placeholder else self.message.text

    @property
    def edited(self) -> bool:
        return bool(self.message.payload.get("edited"))

    @property
    def revoked(self) -> bool:
        return bool(self.message.payload.get("revoked"))

    @property
    def heard(self) -> bool:
        """Whether its words were listened to and not written."""
        return bool(self.message.payload.get("heard"))

    @property
    def quote(self) -> str:
        """The beginning of what it answers to; empty when it quotes nothing that is here."""
        quoted: str | None = getattr(self.message, "quoted", "")
        return " ".join((quoted or "").split())[:QUOTE]

    @property
    def reactions(self) -> str:
        """The emojis that stand under it, each once."""
        given = self.message.payload.get("reactions")
        return " ".join(dict.fromkeys(str(one)[:16] for one in given.values())) if isinstance(given, dict) else ""

    @property
    def by_hand(self) -> str:
        """From where, when a person answered outside of this inbox."""
        return str(self.message.payload.get("via", ""))

    @property
    def run(self) -> str:
        return f"/agentes/turnos/{self.message.agent_run_id}/" if self.message.agent_run_id else ""


@dataclass(frozen=True)
class Chunk:
    """A run of messages, oldest first. `first` is the order number of the first one; `older` whether more come before."""

    lines: list[Line]
    first: int
    older: bool
    newer: bool = False


@dataclass(frozen=True)
class Window:
    """Until when free text may be sent; `until` None where the channel has no such rule."""

    until: datetime | None
    open: bool


@dataclass(frozen=True)
class Holder:
    """Who has the chat now, in one line, and the act that changes it: "take" or "release"."""

    kind: str
    words: str
    act: str
    until: datetime | None = None
    reason: str = ""


def order_number(text: str) -> int | None:
    """A message's number out of an address; None when it is none."""
    return int(text) if text.isdecimal() and len(text) < 19 else None


def newest(conversation: Conversation, *, since: int | None = None) -> Chunk:
    """The end of the conversation; with `since`, all from that order number on. One statement."""
    rows = _messages(conversation)
    if since is None:
        found = list(rows.order_by("-sequence")[: SHOWN + 1])
        older, found = len(found) > SHOWN, found[:SHOWN]
    else:
        found = list(rows.filter(sequence__gte=since).order_by("-sequence")[:MOST_LIVE])
        older = since > 1
    return _chunk(found[::-1], older=older, first=since)


def before(conversation: Conversation, sequence: int) -> Chunk:
    """The messages just before `sequence`. One statement."""
    found = list(_messages(conversation).filter(sequence__lt=sequence).order_by("-sequence")[: SHOWN + 1])
    return _chunk(found[:SHOWN][::-1], older=len(found) > SHOWN, newer=True)


def _messages(conversation: Conversation) -> QuerySet[Message]:
    names = ["id", "kind", "mime", "filename", "size", "state", "error", "thumbnail"]
    names += ["hearing", "language", "seconds", "hearing_error"]
    quoted = Message.objects.filter(channel=OuterRef("channel"), provider_message_id=OuterRef("reply_to"))
    files = Attachment.objects.filter(message=OuterRef("pk")).order_by("created_at", "id")
    rows = Message.objects.filter(conversation=conversation).select_related("sent_via")
    return rows.annotate(
        files=ArraySubquery(files.values(one=JSONObject(**{name: name for name in names}))),
        quoted=Case(
            When(reply_to="", then=Value("")), default=Subquery(quoted.values("text")[:1]), output_field=TextField()
        ),
    )


def _chunk(messages: list[Message], *, older: bool, newer: bool = False, first: int | None = None) -> Chunk:
    lines: list[Line] = []
    last_day: date | None = None
    today = timezone.localdate()
    for message in messages:
        day = timezone.localdate(message.created_at)
        words = "" if day == last_day else day_words(day, today)
        last_day = day
        lines.append(Line(message, words, _files(message), _receipts(message.payload.get("receipts"))))
    start = messages[0].sequence if messages else 0
    return Chunk(lines, first if first is not None else start, older, newer)


def _files(message: Any) -> list[File]:
    return [
        File(
            href=f"/archivos/{one['id']}/",
            kind=one["kind"],
            mime=one["mime"],
            name=one["filename"],
            size=one["size"],
            state=one["state"],
            error=one["error"],
            thumbnail=one["thumbnail"],
            hearing=one["hearing"],
            language=one["language"],
            seconds=one["seconds"],
            hearing_error=one["hearing_error"],
        )
        for one in message.files
    ]


def _receipts(given: object) -> list[Receipt]:
    """Receipts an agent's turn left on the message: [{"text", "url", "call"}]; anything else is passed over."""
    listed = given if isinstance(given, list) else []
    return [_receipt(one) for one in listed if isinstance(one, dict) and one.get("text")]


def _receipt(one: dict[str, Any]) -> Receipt:
    call, undone = as_uuid(one.get("call")), one.get("undone")
    undo = f"/agentes/hechos/{call}/" if call else ""
    text, href = str(one["text"]), _own(str(one.get("url") or ""))
    if not isinstance(undone, dict):
        return Receipt(text, href, undo)
    return Receipt(text, href, "", str(undone.get("by") or "—"), parse_datetime(str(undone.get("at") or "")))


def _own(url: str) -> str:
    """A receipt leads to a page of ours or nowhere."""
    return url if url.startswith("/") and not url.startswith("//") else ""


def day_words(day: date, today: date) -> str:
    """ "Hoy", "Ayer", "lunes 24 de noviembre"; with the year when it is another one."""
    near = {0: _("Hoy"), 1: _("Ayer")}.get((today - day).days)
    if near:
        return near
    return date_format(day, _("l j \\d\\e F") if day.year == today.year else _("j \\d\\e F \\d\\e Y"))


def window_of(conversation: Conversation, now: datetime) -> Window:
    last = conversation.last_inbound_at
    until = window_closes(channel_source=conversation.channel_source, last_inbound=last, by_person=True)
    if until is None:
        return Window(None, open=True)
    return Window(until if last else None, open=now < until)


def holder_of(conversation: Conversation, member: Membership) -> Holder:
    if conversation.mode == Conversation.Mode.AI:
        return Holder("ai", _("Responde la IA"), "take")
    until, reason = conversation.human_override_until, conversation.mode_reason
    until = until if until and until > timezone.now() else None
    if reason.startswith(ELSEWHERE):
        return Holder("other", _elsewhere(conversation), "take", until)
    person = conversation.assignee
    if person is None:
        return Holder("nobody", _("Nadie la tiene; la IA no responde"), "take", until, reason)
    mine = conversation.assignee_id == member.user_id
    words = _("La atiende %(name)s") % {"name": person}
    return Holder("me" if mine else "other", words, "release" if mine else "take", until, reason)


def _elsewhere(conversation: Conversation) -> str:
    """Who answers from the phone or from Chatwoot; whoever is assigned here has not taken the chat."""
    name = conversation.mode_reason.removeprefix(ELSEWHERE)
    if conversation.provider != Provider.CHATWOOT:
        return _("La atiende alguien desde el teléfono")
    return _("La atiende %(name)s desde Chatwoot") % {"name": name} if name else _("La atiende alguien desde Chatwoot")
