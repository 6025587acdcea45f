"""What things cost, booked exactly once, in the transaction of the thing itself.

A repeated booking changes nothing: a kind and what it stands for are unique. What happened before the ledger was there is
not in it. Numbers of the demonstration model cost nothing and are not booked.
"""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from agents.domain.money import in_currency, rate_for
from agents.domain.pricing import counted_cost
from agents.models import AgentRun, LedgerEntry
from agents.services import ceiling, prices
from messaging.domain import hearing_prices
from messaging.domain.charges import Charge
from messaging.models import Attachment, Message
from tenants.context import current_tenant
from tenants.services import tenant_settings

Kind = LedgerEntry.Kind
NOTHING = Decimal(0)


def book_run(run: AgentRun, *, kept: bool = True) -> None:
    """A run that ended, whatever for, once it asked a model. Not `kept`: its person was erased meanwhile."""
    if run.is_demo or not (run.prompt_tokens or run.completion_tokens):
        return
    tokens = {"prompt": run.prompt_tokens, "completion": run.completion_tokens}
    # Where a part of it has no price: as the dearest, the company's own price for its model being one that may be dearer.
    guessed = max(counted_cost(model, **tokens, own=prices.of(current_tenant())) for model in ("", run.model))
    _book(
        LedgerEntry(
            kind=Kind.MODEL,
            source=str(run.pk),
            purpose=run.purpose,
            conversation_id=run.conversation_id if kept else None,
            agent_id=run.agent_id,
            what=run.model[:80],
            tokens=run.prompt_tokens + run.completion_tokens,
            usd=run.cost_usd,
            counted_usd=guessed if run.cost_usd is None else run.cost_usd,
            created_at=run.created_at,
        )
    )


def book_voice(*, attachment: Attachment, conversation_id: UUID, model: str, seconds: Decimal | None) -> None:
    """A voice note that was listened to, also when nothing could be heard."""
    usd = hearing_prices.cost(model, seconds)
    guessed = hearing_prices.counted(unpriced=1, seconds=seconds or NOTHING)
    _book(
        LedgerEntry(
            kind=Kind.TRANSCRIPTION,
            source=str(attachment.pk),
            conversation_id=conversation_id,
            what=model[:80],
            usd=usd,
            counted_usd=guessed if usd is None else usd,
        )
    )


def book_message(*, message: Message, charge: Charge, at: datetime) -> None:
    """A message that the provider charges: at the price it told, else at the company's own for its category."""
    fees = tenant_settings.of(current_tenant()).message_fees_usd
    _book(
        LedgerEntry(
            kind=Kind.MESSAGE,
            source=charge.thread or str(message.pk),
            conversation_id=message.conversation_id,
            what=charge.category,
            usd=charge.usd if charge.usd is not None else fees.get(charge.category),
            counted_usd=NOTHING,
            created_at=at,
        )
    )


def _book(entry: LedgerEntry) -> None:
    tenant = current_tenant()
    entry.currency = tenant.currency
    entry.rate = rate_for(tenant.currency, tenant_settings.of(tenant).usd_rate)
    entry.amount = in_currency(entry.usd, entry.rate)
    LedgerEntry.objects.bulk_create([entry], ignore_conflicts=True)
    if entry.counted_usd:
        ceiling.watch(tenant)
