"""Connects the notice that a turn is due with the service that answers it."""

import logging
from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.utils.translation import gettext as _

from agents.services.turns import run_turn
from config.lib.refusals import module_unavailable
from messaging.services import turns
from messaging.signals import turn_due
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant

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
            return
        logger.exception("turn of conversation %s failed", conversation_id)
        with tenant_context(tenant):
            turns.fail(
                conversation_id=conversation_id,
                token=turn_token,
                reason=_("error interno (%(name)s)") % {"name": type(error).__name__},
                by=Actor.system("IA"),
            )
