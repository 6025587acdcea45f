"""Connects the notices of messaging with what answers them: a turn is due, something cost money, something was deleted."""

import logging
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.utils import translation
from django.utils.translation import gettext as _

from agents.services import ledger, summaries
from agents.services.briefs import surrender, take_up
from agents.services.turns import run_turn
from config.lib.refusals import module_unavailable
from messaging.domain.charges import Charge
from messaging.models import Attachment, Conversation, Message
from messaging.services import turns
from messaging.signals import chat_returned, message_charged, message_revoked, turn_due, voice_heard
from tenants.context import current_tenant, tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tenants.services import modules

logger = logging.getLogger(__name__)


@receiver(turn_due)
def answer(*, tenant: Tenant, conversation_id: UUID, turn_token: UUID, upto_sequence: int, **_more: Any) -> None:
    """The outermost edge of a turn: whatever breaks, the chat is retried and in the end goes to people.

    While a module is being migrated the turn only loses its lease: the sweep begins it again.
    """
    try:
        run_turn(tenant=tenant, conversation_id=conversation_id, turn_token=turn_token, upto_sequence=upto_sequence)
    except Exception as error:  # nobody above us; a turn that dies unseen would be silence
        if module_unavailable(error, company=tenant.pk):
            with modules.put_off(tenant), tenant_context(tenant):
                turns.put_off(conversation_id=conversation_id, token=turn_token)
            return
        logger.exception("turn of conversation %s failed", conversation_id)
        with translation.override(tenant.locale[:2]), tenant_context(tenant):
            surrender(
                tenant=tenant,
                conversation_id=conversation_id,
                token=turn_token,
                reason=_("error interno (%(name)s)") % {"name": type(error).__name__},
                by=Actor.system("IA"),
            )


@receiver(chat_returned)
def take_up_again(*, conversation: Conversation, **_more: Any) -> None:
    take_up(tenant=current_tenant(), conversation=conversation)


@receiver(voice_heard)
def book_voice(
    *, attachment: Attachment, conversation_id: UUID, model: str, seconds: Decimal | None, **_more: Any
) -> None:
    ledger.book_voice(attachment=attachment, conversation_id=conversation_id, model=model, seconds=seconds)


@receiver(message_revoked)
def forget_summary(*, message: Message, **_more: Any) -> None:
    summaries.forget(message.conversation_id, message.sequence)


@receiver(message_charged)
def book_message(*, message: Message, charge: Charge, at: datetime, **_more: Any) -> None:
    ledger.book_message(message=message, charge=charge, at=at)
