"""One chat that somebody else holds does not cost the other turns of its company their lease."""

import threading
from datetime import timedelta
from time import monotonic
from uuid import uuid4

from django.db import connection
from django.utils import timezone

from messaging.models import Conversation
from messaging.services import leases, turns
from tenants.context import tenant_context
from tests.factories.messaging import make_conversation
from tests.support.cast import Cast


def test_a_chat_that_is_being_written_to_is_renewed_the_next_time_and_the_others_now(live_tenants: Cast) -> None:
    acme, old = live_tenants.acme, timezone.now() - timedelta(seconds=5)
    tokens = [uuid4(), uuid4()]
    with tenant_context(acme):
        chats = [make_conversation().pk, make_conversation().pk]
        for chat, token in zip(chats, tokens, strict=True):
            Conversation.objects.filter(pk=chat).update(turn_token=token, turn_until=old)
    held, done = threading.Event(), threading.Event()

    def writes() -> None:
        with tenant_context(acme):
            Conversation.objects.select_for_update(no_key=True).get(pk=chats[0])
            held.set()
            done.wait(30)
        connection.close()

    writer = threading.Thread(target=writes)
    writer.start()
    assert held.wait(30)
    began = monotonic()
    mine = [leases.Held(acme, token, turns.LEASE, began + 60) for token in tokens]
    leases.Keeper()._renew(acme, mine)
    took = monotonic() - began
    done.set()
    writer.join(30)
    with tenant_context(acme):
        until = dict(Conversation.objects.filter(pk__in=chats).values_list("pk", "turn_until"))
    assert took < 2
    assert until[chats[0]] == old
    assert until[chats[1]] > timezone.now()
    leases.Keeper()._renew(acme, mine)
    with tenant_context(acme):
        assert Conversation.objects.get(pk=chats[0]).turn_until > timezone.now()
