"""Voice notes become words: the row waits, a worker listens, the message then says what was said.

The agent's turn waits for it (`turns.begin`); whatever cannot be heard is said in the thread and to the agent, which
asks the customer to write. Nothing is dropped in silence.
"""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from config.lib import commit
from config.lib.errors import AppError, ProviderError
from crm.models import Contact
from messaging.domain import hearing_prices, media_limits
from messaging.domain.timing import retry_wait
from messaging.models import Attachment, Conversation, Message
from messaging.services import turns, wishes
from messaging.services.conversations import locked, preview_of
from messaging.services.media_files import content_of
from messaging.signals import voice_heard
from messaging.transcription.base import Heard, Transcriber
from messaging.transcription.openai import OpenAITranscriber
from tenants.context import tenant_context
from tenants.live.services import emit
from tenants.models import Tenant
from tenants.services.vault import MissingCredential, get_tenant_set

MOST_ATTEMPTS = 3
LEASE = timedelta(seconds=120)  # longer than one call may last
PENDING, READY, FAILED = Attachment.Hearing.PENDING, Attachment.Hearing.READY, Attachment.Hearing.FAILED


def concerns(message: Message) -> bool:
    """Whether the audio of this message is listened to: what a customer says, not what we sent, a group heard, the
    provider has written down already or somebody blocked goes on saying."""
    if message.author != Message.Author.CONTACT or message.payload.keys() & {"group_id", "heard"}:
        return False
    return message.conversation.contact.blocked_at is None


def arrived(row: Attachment, *, mime: str) -> None:
    """The file is there: listen to it if it is speech."""
    if row.hearing != PENDING and not (mime.startswith("audio/") and concerns(row.message)):
        return
    if not mime.startswith("audio/"):
        _give_up(row, _("No es un audio que se pueda escuchar."))
        return
    Attachment.objects.filter(pk=row.pk).update(hearing=PENDING, hear_at=timezone.now())
    _queue(row.pk)


def lost(row: Attachment) -> None:
    """The file will not come."""
    if row.hearing == PENDING:
        _give_up(row, _("El audio no se pudo descargar."))


def again(row: Attachment) -> bool:
    """Listen once more to what failed; False when it had not failed. The row is locked."""
    if row.hearing != FAILED:
        return False
    row.hearing, row.hearing_error, row.hearing_attempts, row.hear_at = PENDING, "", 0, timezone.now()
    row.save(update_fields=["hearing", "hearing_error", "hearing_attempts", "hear_at"])
    _queue(row.pk)
    return True


def due_ids(limit: int = 100) -> list[UUID]:
    """What lost its wake-up or its worker."""
    rows = Attachment.objects.filter(hearing=PENDING, hear_at__lte=timezone.now())
    return list(rows.order_by("hear_at").values_list("id", flat=True)[:limit])


def hear(*, tenant: Tenant, attachment_id: UUID) -> None:
    """Listen to one audio. Repeating it is harmless. No transaction is open while the model listens."""
    with tenant_context(tenant):
        row = _claim(attachment_id)
        over = row is not None and import_string(settings.AI_SPENDING_OVER)(tenant)
    if row is None:
        return
    content, heard = content_of(tenant, row), None
    try:
        if over:
            message = _("Se alcanzó el tope de gasto de IA de hoy.")
            raise ProviderError(message, kind="permanent", code="over_budget")
        if content is None:
            raise ProviderError(_("El archivo ya no está guardado."), kind="permanent", code="file_gone")
        transcriber = transcriber_for(tenant)
        heard = transcriber.hear(content, mime=media_limits.plain_mime(row.mime))
        if not heard.text:
            raise ProviderError(_("No se entiende lo que dice."), kind="permanent", code="silence")
    except ProviderError as error:
        with tenant_context(tenant):
            _stumbled(row, error)
            if heard is not None:  # silence is charged too
                _charged(row, heard, transcriber)
        return
    with tenant_context(tenant):
        _heard(row, heard, transcriber)


def transcriber_for(tenant: Tenant) -> Transcriber:
    """With the company's own key. Raises ProviderError of kind `auth` without one. Opens a transaction of its own."""
    try:
        stored = get_tenant_set(tenant.pk, "openai", "API_KEY")  # key and address of one owner, never mixed
    except MissingCredential as error:
        message = _("Falta la clave de OpenAI para escuchar notas de voz.")
        raise ProviderError(message, kind="auth", code="missing_key") from error
    except AppError as error:
        raise ProviderError(str(error.message), kind="auth", code=error.code) from error
    base_url = stored.get("BASE_URL") or settings.OPENAI_BASE_URL
    return OpenAITranscriber(base_url=base_url, api_key=stored["API_KEY"], model=settings.TRANSCRIPTION_MODEL)


def _charged(row: Attachment, heard: Heard, by: Transcriber) -> None:
    chat = row.message.conversation_id
    voice_heard.send(sender=Attachment, attachment=row, conversation_id=chat, model=by.model, seconds=heard.seconds)


def _claim(attachment_id: UUID) -> Attachment | None:
    rows = Attachment.objects.select_for_update(of=("self",), no_key=True).select_related("message")
    row = rows.filter(pk=attachment_id, hearing=PENDING, hear_at__lte=timezone.now()).first()
    if row is None or row.state != Attachment.State.READY:
        return None
    row.hearing_attempts += 1
    row.hear_at = timezone.now() + LEASE
    row.save(update_fields=["hearing_attempts", "hear_at"])
    return row


def _stumbled(row: Attachment, error: ProviderError) -> None:
    if error.kind == "retry" and row.hearing_attempts < MOST_ATTEMPTS:
        wait = retry_wait(row.hearing_attempts, error.retry_after)
        Attachment.objects.filter(pk=row.pk, hearing=PENDING).update(hear_at=timezone.now() + timedelta(seconds=wait))
        _queue(row.pk, wait)
        return
    _give_up(row, error.message)


def _give_up(row: Attachment, reason: str) -> None:
    conversation = locked(row.message.conversation_id)
    gone = Attachment.objects.filter(pk=row.pk).update(hearing=FAILED, hearing_error=reason[:300], hear_at=None)
    if gone and conversation is not None:
        _tell(row)
        turns.heard(conversation)


def _heard(row: Attachment, heard: Heard, by: Transcriber) -> None:
    """The words go where all words are: the message's text, so that search, list and agent see them.

    A wish to be left alone counts as if it had been written, unless there is a text beside the voice.
    """
    contact = row.message.conversation.contact
    wish = wishes.wish_of(kind="text", text=heard.text, contact=contact) if "placeholder" in row.message.payload else ""
    if wish:  # contacts are locked before conversations everywhere
        contact = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    conversation = locked(row.message.conversation_id)
    message = Message.objects.select_for_update(no_key=True).filter(pk=row.message_id).first()
    if conversation is None or message is None:
        return  # erased meanwhile
    noted = Attachment.objects.filter(pk=row.pk, hearing=PENDING).update(
        hearing=READY,
        transcript=heard.text,
        language=heard.language,
        seconds=heard.seconds,
        cost_usd=hearing_prices.cost(by.model, heard.seconds),
        hearing_error="",
        hear_at=None,
    )
    if not noted:
        return
    _charged(row, heard, by)
    ours = message.payload.pop("placeholder", False)
    message.text = heard.text if ours else f"{message.text}\n{heard.text}".strip()
    message.payload["heard"] = True
    message.save(update_fields=["text", "payload"])
    newest = Conversation.objects.filter(pk=conversation.pk, sequence=message.sequence)
    newest.update(last_message_preview=preview_of(message))
    if wish:
        wishes.grant(conversation, contact, message, wish, at=message.provider_at or message.created_at)
        conversation.save()
    _tell(row)
    turns.heard(conversation)


def _tell(row: Attachment) -> None:
    conversation = str(row.message.conversation_id)
    emit("NEW_MESSAGE", object="message", id=row.message_id, conversation=conversation, changed=True)


def _queue(pk: UUID, wait: float = 0.0) -> None:
    commit.queue("messaging.tasks.hear", queue="agents", countdown=wait or None, attachment_id=str(pk))
