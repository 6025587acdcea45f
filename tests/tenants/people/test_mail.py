"""E-mails leave once, say why when they do not, and never leave a secret behind."""

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.utils import timezone, translation

from tenants.context import auth_scope, platform_scope, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Email, OneTimeLink, Tenant
from tenants.services import links, mail, mail_texts, smtp, vault
from tests.fakes.smtp import Mailbox, html_of, smtp_server, text_of
from tests.support.cast import Cast, Person
from tests.support.tasks import Queue
from tests.tenants.people.conftest import emails, link_in

BY = Actor.system("test")


def queue_one(to: str = "uno@example.test", **fields: Any) -> Email:
    with auth_scope():
        return mail.send(kind="password_changed", to=to, **fields)


def again(row: Email) -> Email:
    return emails(pk=row.pk)[0]


def make_due() -> None:
    with auth_scope():
        Email.objects.exclude(due_at=None).update(due_at=timezone.now() - timedelta(seconds=1))


def company_smtp(tenant: Tenant, **secrets: object) -> None:
    with tenant_context(tenant):
        for name, value in secrets.items():
            vault.put_credential(category="smtp", name=name, value=str(value), by=BY)


def test_an_email_is_queued_with_the_act_and_sent_afterwards(db: None, mailbox: Mailbox, queued: Queue) -> None:
    row = queue_one(locale="es")
    assert (again(row).state, mailbox.arrived) == ("queued", [])
    queued.drain()
    sent = again(row)
    assert (sent.state, sent.due_at, sent.error) == ("sent", None, "")
    assert sent.sent_at is not None
    assert mailbox.last["To"] == "uno@example.test"
    assert mailbox.logins == [("crm@platform.test", "secreto")]


def test_an_act_that_is_undone_sends_nothing(db: None, mailbox: Mailbox, queued: Queue) -> None:
    with pytest.raises(RuntimeError), auth_scope():
        mail.send(kind="password_changed", to="uno@example.test")
        raise RuntimeError
    queued.drain()
    assert (emails(), mailbox.arrived) == ([], [])


def test_it_is_text_and_html_with_one_action_in_the_persons_language(
    db: None, mailbox: Mailbox, queued: Queue, ana: Person
) -> None:
    for locale in ("es", "en"):
        queue_one(to=f"{locale}@example.test", user=ana.user, locale=locale)
    queued.drain()
    spanish, english = mailbox.to("es@")[0], mailbox.to("en@")[0]
    assert spanish["Subject"] == "La contraseña cambió"
    assert "Hola, Ana:" in text_of(spanish)
    assert english["Subject"] == "The password was changed"
    assert "Hello, Ana:" in text_of(english)
    assert html_of(english).count("<a ") == 1
    assert "/recuperar/" in text_of(english)
    assert english["Auto-Submitted"] == "auto-generated"


def test_every_kind_has_words_in_both_languages(db: None) -> None:
    context: dict[str, object] = {
        "company": "Acme",
        "by": "Ana",
        "person": "Pia",
        "email": "x@example.test",
        "role": "closer",
        "slug": "acme",
    }
    context |= {"until": "hoy", "when": "hoy", "name": "smtp/HOST", "subject": "Hola", "lines": ["Una línea"]}
    for kind in mail_texts.KINDS:
        texts = []
        for locale in ("es", "en"):
            with translation.override(locale):
                words = mail_texts.words(kind, context)
            texts.append(words.subject + "".join(words.lines))
            assert "%(" not in texts[-1]
            assert "—" not in texts[-1]
        assert kind == "notice" or texts[0] != texts[1], kind


def test_a_companys_own_server_is_used_for_its_people(cast: Cast, settings: Any, queued: Queue) -> None:
    settings.EMAIL_URL = ""
    with smtp_server() as box:
        company_smtp(
            cast.acme, HOST="127.0.0.1", PORT=box.port, USER="ana", PASSWORD="p-acme", FROM="Ventas <v@acme.test>"
        )
        own, other = queue_one(tenant=cast.acme), queue_one(tenant=cast.globex)
        queued.drain()
    assert box.logins == [("ana", "p-acme")]
    assert str(box.last["From"]) == "Ventas <v@acme.test>"
    assert again(own).state == "sent"
    assert (again(other).state, again(other).error) == ("undeliverable", mail.NO_SERVER)


@pytest.mark.parametrize(
    ("refuse", "reason"),
    [
        ({"AUTH": "535 5.7.8 no"}, smtp.NO_LOGIN),
        ({"MAIL": "550 5.1.0 not you"}, smtp.BAD_SENDER),
        ({"RCPT": "550 5.1.1 nobody"}, smtp.BAD_RECIPIENT),
        ({"DATA": "554 no"}, smtp.BAD_MESSAGE),
        ({"BODY": "554 spam"}, smtp.BAD_MESSAGE),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_will_never_work_ends_with_a_plain_reason(
    refuse: dict[str, str], reason: str, db: None, mailbox: Mailbox, queued: Queue
) -> None:
    mailbox.refuse = refuse
    row = queue_one()
    queued.drain()
    assert (again(row).state, again(row).error, again(row).due_at) == ("undeliverable", reason, None)
    assert mailbox.connections == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        {"refuse": {"RCPT": "451 greylisted"}},
        {"refuse": {"AUTH": "454 later"}},
        {"refuse": {"BODY": "452 full"}},
        {"drop_at": "MAIL"},
        {"drop_at": "EHLO"},
    ],
    ids=str,
)
def test_what_may_work_later_is_tried_five_times_with_growing_pauses(
    behaviour: dict[str, Any], db: None, mailbox: Mailbox, queued: Queue
) -> None:
    for name, value in behaviour.items():
        setattr(mailbox, name, value)
    row, pauses = queue_one(), []
    for _attempt in range(mail.MOST_ATTEMPTS - 1):
        mail.deliver(row.pk)
        now = again(row)
        assert now.state == "queued"
        assert now.due_at is not None
        pauses.append((now.due_at - timezone.now()).total_seconds())
        mail.deliver(row.pk)  # not due yet: nothing happens
        assert again(row).attempts == now.attempts
        make_due()
    assert pauses == sorted(pauses)
    assert pauses[0] > 20
    mail.deliver(row.pk)
    assert (again(row).state, again(row).error) == ("undeliverable", mail.GAVE_UP)


def test_it_arrives_once_the_server_is_back(db: None, mailbox: Mailbox, queued: Queue) -> None:
    mailbox.refuse = {"RCPT": "451 greylisted"}
    row = queue_one()
    queued.drain()
    mailbox.refuse = {}
    make_due()
    assert mail.sweep() == 1
    queued.drain()
    assert (again(row).state, len(mailbox.arrived)) == ("sent", 1)


def test_a_server_that_never_speaks_is_given_up(db: None, mailbox: Mailbox, queued: Queue, monkeypatch: Any) -> None:
    monkeypatch.setattr(smtp, "ANSWER_SECONDS", 0.2)
    mailbox.silent = True
    row = queue_one()
    queued.drain()
    assert (again(row).state, again(row).error) == ("queued", smtp.NOT_CONNECTED)


def test_a_conversation_without_an_end_is_cut(mailbox: Mailbox, monkeypatch: Any) -> None:
    monkeypatch.setattr(smtp, "WHOLE_SECONDS", 0.2)
    server = smtp.Server("127.0.0.1", mailbox.port, "a@example.test", security=smtp.OFFERED, guarded=False)
    with pytest.raises(smtp.NotSent) as refused, smtp.conversation(server) as talking:
        threading.Event().wait(0.5)
        talking.noop()
    assert refused.value.later


def test_a_lost_wakeup_is_found_by_the_sweep(db: None, mailbox: Mailbox, queued: Queue) -> None:
    row = queue_one()
    queued.clear()
    mail.sweep()
    queued.drain()
    assert again(row).state == "sent"


def test_a_worker_that_died_leaves_its_email_to_the_next(db: None, mailbox: Mailbox, queued: Queue) -> None:
    row = queue_one()
    assert mail._claim(row.pk) is not None
    queued.drain()
    assert again(row).state == "sending"  # somebody is at it
    make_due()
    mail.sweep()
    queued.drain()
    assert (again(row).state, len(mailbox.arrived)) == ("sent", 1)


def test_two_workers_send_it_once(live_tenants: Cast, mailbox: Mailbox) -> None:
    row = queue_one(tenant=live_tenants.acme)
    threads = [threading.Thread(target=_deliver, args=[row]) for _each in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(mailbox.arrived) == 1


def _deliver(row: Email) -> None:
    try:
        mail.deliver(row.pk)
    finally:
        connection.close()


def test_names_cannot_add_headers(db: None, mailbox: Mailbox, queued: Queue, acme: Tenant) -> None:
    with auth_scope():
        mail.send(
            kind="approval_wanted",
            to="uno@example.test",
            tenant=acme,
            person="Eve\r\nBcc: all@example.test",
            email="e@x.test",
        )
    queued.drain()
    assert mailbox.last["Bcc"] is None
    assert mailbox.last["Subject"] == "Eve Bcc: all@example.test pide acceso a Acme"


def test_names_are_text_in_the_html(db: None, mailbox: Mailbox, queued: Queue, acme: Tenant) -> None:
    with auth_scope():
        mail.send(
            kind="approval_wanted", to="uno@example.test", tenant=acme, person="<script>x</script>", email="e@x.test"
        )
    queued.drain()
    assert "<script>" not in html_of(mailbox.last)
    assert "<script>x</script>" in text_of(mailbox.last)


# --- no secret anywhere ------------------------------------------------------------------------------------------
def test_a_link_is_nowhere_but_in_the_email(
    db: None, mailbox: Mailbox, queued: Queue, ana: Person, caplog: Any, test_services: Any
) -> None:
    """The canary is the token itself: not in any row, the queue, or the log, also when the server repeats it."""
    caplog.set_level(logging.DEBUG)
    with auth_scope():
        link = links.create(kind="reset", email=ana.user.email, user=ana.user)
        row = mail.send(kind="reset", to=ana.user.email, user=ana.user, link=link)
    wakeups = str(list(queued))
    queued.drain()
    token = link_in(mailbox, ana.user.email).split("/")[2]
    assert token not in wakeups + caplog.text
    assert token not in _everything_written()
    assert links.digest(token) in _everything_written()
    assert again(row).state == "sent"


def test_a_server_that_quotes_the_message_does_not_bring_the_link_into_the_row(
    db: None, mailbox: Mailbox, queued: Queue, ana: Person, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    mailbox.refuse = {"BODY": "554 rejected for http://localhost/enlace/mSECRET/ hunter2"}
    with auth_scope():
        link = links.create(kind="reset", email=ana.user.email, user=ana.user)
        row = mail.send(kind="reset", to=ana.user.email, user=ana.user, link=link)
    queued.drain()
    assert again(row).error == smtp.BAD_MESSAGE
    assert "mSECRET" not in caplog.text + _everything_written()


def _everything_written() -> str:
    """Every row of the shared tables, as the test's own transaction sees them."""
    with auth_scope():
        models: list[Any] = [
            OneTimeLink,
            Email,
            *(apps.get_model("tenants", name) for name in ("User", "Membership", "SignIn")),
        ]
        rows = "".join(str(list(model._base_manager.values())) for model in models)
    with platform_scope("test"):
        return rows + str(list(apps.get_model("tenants", "SystemEvent").objects.values()))


def test_the_password_of_the_server_is_in_no_error(db: None, mailbox: Mailbox, queued: Queue, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    mailbox.refuse = {"AUTH": "535 bad password secreto for crm"}
    row = queue_one()
    queued.drain()
    assert "secreto" not in caplog.text + again(row).error + repr(smtp.platform_server("smtp://a:secreto@h:587"))


def test_without_the_check_of_the_state_two_workers_would_send_twice(
    db: None, mailbox: Mailbox, queued: Queue, monkeypatch: Any, ana: Person
) -> None:
    """The planted bug: a claim that does not ask whether it is due."""
    row = queue_one()

    def careless(email_id: Any) -> Email:
        with auth_scope():
            return Email.objects.select_related("link", "tenant", "user").get(pk=email_id)

    monkeypatch.setattr(mail, "_claim", careless)
    mail.deliver(row.pk)
    mail.deliver(row.pk)
    assert len(mailbox.arrived) == 2
