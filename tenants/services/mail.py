"""E-mails to people of ours. A row is queued with the act; a task makes the words, with a fresh link, and sends them.

The row is the truth: a sweep finds whatever lost its wake-up or its worker. No row, queue or log ever holds a link.
"""

import logging
from datetime import datetime, timedelta
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import F
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.debug import sensitive_variables

from config.lib import commit
from config.lib.errors import AppError, Conflict
from config.lib.texts import stored
from tenants.context import auth_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Email, Membership, OneTimeLink, Tenant, User
from tenants.services import links, mail_texts, registry, smtp, vault

logger = logging.getLogger(__name__)

TASK = "tenants.tasks.send_email"
LEASE = timedelta(minutes=5)  # a conversation with the server ends within one minute
MOST_ATTEMPTS = 5
BACK_OFF = (30, 120, 600, 3600)  # seconds after the first, second… failed try
SWEEP_AT_ONCE = 100
KEPT = timedelta(days=90)
QUIET = timedelta(minutes=10)
BY = Actor.system("e-mail")
# What must be looked up when the e-mail leaves: whoever asked for it must not notice whether there was anything to find.
PREPARE = {"reset": "tenants.services.passwords.prepare"}

NO_SERVER = gettext_noop("No hay un servidor de correo configurado. El enlace se puede copiar y enviar por otro medio.")
BAD_SETTINGS = gettext_noop("La configuración del correo de la empresa está incompleta o no se puede leer.")
GAVE_UP = gettext_noop("El servidor de correo no respondió después de varios intentos.")


def send(
    *,
    kind: str,
    to: str,
    tenant: Tenant | None = None,
    user: User | None = None,
    link: OneTimeLink | None = None,
    locale: str = "es",
    **context: object,
) -> Email:
    """Queue an e-mail; call in the sign-in scope or inside a company.

    `kind` is one of `mail_texts.KINDS`; `context` holds names and dates as text, never a secret. With `tenant` it leaves
    through the company's own server where it has one. `link` is minted when the e-mail leaves.
    """
    if kind not in mail_texts.KINDS:
        raise KeyError(kind)
    row = Email.objects.create(
        kind=kind,
        to=to,
        tenant=tenant,
        user=user,
        link=link,
        locale=locale if locale in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE,
        context={name: _plain(value) for name, value in context.items()},
        due_at=timezone.now(),
    )
    commit.queue(TASK, email_id=str(row.pk))
    return row


def about(user: User) -> Tenant | None:
    """Through whom a person is written to about their account, as `tenant` of `send`; call in the sign-in scope.

    The platform where it can. Else the one company that the person works in: whoever runs its server reads along, so
    somebody of two companies, or of the platform, is not written to that way.
    """
    if settings.EMAIL_URL or user.is_platform_staff or len(user.tenant_ids) != 1:
        return None
    member = Membership.objects.active().select_related("tenant").filter(user=user).first()
    return member.tenant if member is not None else None


def told_lately(*, kind: str, user: User, tenant: Tenant | None = None) -> bool:
    """Whether the person got the same news a moment ago: many askers at once must not fill a mailbox."""
    since = timezone.now() - QUIET
    rows = Email.objects.filter(kind=kind, user=user, created_at__gte=since)
    return (rows.filter(tenant=tenant) if tenant is not None else rows).exists()


def deliver(email_id: UUID) -> None:
    """Send one e-mail that is due. Does nothing when it is not, or when another worker is at it."""
    row = _claim(email_id)
    if row is None:
        return
    try:
        _send(row)
    except smtp.NotSent as refusal:
        _failed(row, refusal)
    except Conflict:  # its link was used or taken back meanwhile
        _store(row, state=Email.State.CANCELLED)
    else:
        _store(row, state=Email.State.SENT, sent_at=timezone.now(), error="")


def sweep() -> int:
    """Wake up what is due and forget what is long past; how many were due."""
    now = timezone.now()
    with auth_scope():
        due = list(
            Email.objects.filter(due_at__lte=now).order_by("due_at").values_list("pk", flat=True)[:SWEEP_AT_ONCE]
        )
        old = Email.objects.filter(due_at=None, created_at__lt=now - KEPT).values_list("pk", flat=True)[:SWEEP_AT_ONCE]
        Email.objects.filter(pk__in=list(old)).delete()
    for email_id in due:
        commit.queue(TASK, email_id=str(email_id))
    return len(due)


def cancel_waiting(link: OneTimeLink) -> None:
    """Somebody delivers the link in another way: an e-mail that left later would end the newer one."""
    waiting = Email.objects.filter(link=link, state__in=(Email.State.QUEUED, Email.State.SENDING))
    waiting.update(state=Email.State.CANCELLED, due_at=None)


# --- one e-mail on its way ----------------------------------------------------------------------------------
def _claim(email_id: UUID) -> Email | None:
    now = timezone.now()
    with auth_scope():
        open_states = (Email.State.QUEUED, Email.State.SENDING)
        mine = Email.objects.filter(pk=email_id, state__in=open_states, due_at__lte=now)
        if not mine.update(state=Email.State.SENDING, due_at=now + LEASE, attempts=F("attempts") + 1):
            return None
        return Email.objects.select_related("link", "tenant", "user").get(pk=email_id)


@sensitive_variables()
def _send(row: Email) -> None:
    """Raises NotSent, or Conflict for one that is no longer wanted."""
    with auth_scope():
        if row.kind in PREPARE and not import_string(PREPARE[row.kind])(row):
            Email.objects.filter(pk=row.pk).delete()  # nobody's address stays here because a stranger typed it
            return
    server, url = _server(row), ""
    if row.link is not None:
        with auth_scope():
            # Before anything leaves: a token that was sent must be known, one that is known need not be sent.
            url = links.mint(row.link, by=BY, mailed=True)
    try:
        message = _message(row, server, url)
    except (ValueError, MessageError):
        raise smtp.NotSent(smtp.BAD_RECIPIENT) from None
    smtp.deliver(server, message, to=row.to)


def _failed(row: Email, refusal: smtp.NotSent) -> None:
    if refusal.later and row.attempts < MOST_ATTEMPTS:
        wait = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
        _store(row, state=Email.State.QUEUED, error=refusal.reason, due_at=timezone.now() + timedelta(seconds=wait))
        return
    _store(row, state=Email.State.UNDELIVERABLE, error=GAVE_UP if refusal.later else refusal.reason)
    logger.warning("e-mail %s (%s) is undeliverable", row.pk, row.kind)


def _store(row: Email, *, state: str, due_at: datetime | None = None, **fields: object) -> None:
    """Only while it is still this try's: it may have been cancelled, or its lease may have gone to somebody else."""
    with auth_scope():
        mine = Email.objects.filter(pk=row.pk, state=Email.State.SENDING, attempts=row.attempts)
        mine.update(state=state, due_at=due_at, **fields)


def _server(row: Email) -> smtp.Server:
    own = company_server(row.tenant) if row.tenant is not None else None
    server = own or smtp.platform_server(settings.EMAIL_URL)
    if server is None:
        raise smtp.NotSent(NO_SERVER)
    return server


def company_server(tenant: Tenant) -> smtp.Server | None:
    """The company's own server, from its credentials smtp/HOST PORT USER PASSWORD FROM; None without a HOST.

    Raises NotSent when they are incomplete or do not open.
    """
    try:
        with tenant_context(tenant):
            given = {name: _secret(tenant, name) for name in ("HOST", "PORT", "USER", "PASSWORD", "FROM")}
    except AppError:
        raise smtp.NotSent(BAD_SETTINGS) from None
    if not given["HOST"]:
        return None
    port = given["PORT"] or "587"
    sender = given["FROM"] or given["USER"]
    if not port.isdecimal() or len(port) > 5 or not _is_address(parseaddr(sender)[1]):
        raise smtp.NotSent(BAD_SETTINGS)
    number = int(port)
    return smtp.Server(
        given["HOST"], number, sender, given["USER"], given["PASSWORD"], smtp.usual_security(number), guarded=True
    )


def _secret(tenant: Tenant, name: str) -> str:
    try:
        return vault.get_tenant_credential(tenant.pk, "smtp", name).strip()
    except vault.MissingCredential:
        return ""


# --- its words ------------------------------------------------------------------------------------------------
@sensitive_variables()
def _message(row: Email, server: smtp.Server, url: str) -> EmailMessage:
    with translation.override(row.locale):
        words = mail_texts.words(row.kind, {**_facts(row), **row.context})
        company = row.tenant.name if row.tenant is not None else ""
        context = {
            "words": words,
            "greeting": _("Hola, %(name)s:") % {"name": row.user.name} if row.user and row.user.name else _("Hola:"),
            "url": url or (settings.PUBLIC_URL + words.path if words.path else ""),
            "signature": _one_line(company or "Sovereign CRM"),
        }
        text = render_to_string("email/message.txt", context)
        html = render_to_string("email/message.html", context)
    name, address = parseaddr(server.sender)
    message = EmailMessage()
    message["Subject"] = _one_line(words.subject)[:200]
    message["From"] = Address(display_name=_one_line(name or company or "Sovereign CRM")[:80], addr_spec=address)
    message["To"] = Address(addr_spec=row.to)
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(idstring=row.pk.hex, domain=address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message


def _facts(row: Email) -> dict[str, str]:
    facts = {"when": _moment(row, row.created_at)}
    if row.tenant is not None:
        facts["company"] = row.tenant.name
    if row.link is not None:
        facts["until"] = _moment(row, row.link.expires_at)
    return facts


def _moment(row: Email, at: datetime) -> str:
    """On the clock of the company, or of the person's only one; else in UTC, and then it says so."""
    own = row.user.tenant_ids if row.user is not None else []
    tenant = row.tenant or (registry.by_id(own[0]) if len(own) == 1 else None)
    text = date_format(at.astimezone(ZoneInfo(tenant.timezone if tenant else "UTC")), "SHORT_DATETIME_FORMAT")
    return text if tenant else f"{text} UTC"


def _one_line(text: str) -> str:
    """Nothing of a header may begin another header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return stored(str(value))[:500]
