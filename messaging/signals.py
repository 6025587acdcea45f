"""Upward notices: an agent's turn is due (sent by the worker outside any transaction), what something cost, what was deleted."""

from django.dispatch import Signal

# Arguments: tenant, conversation_id (UUID), turn_token (UUID), upto_sequence (int)
turn_due = Signal()

# All inside the transaction that notes the thing itself; a repeated notice is harmless.
# Arguments: attachment (messaging.Attachment), conversation_id (UUID), model (str), seconds (Decimal or None)
voice_heard = Signal()
# Arguments: message (messaging.Message), its text already gone
message_revoked = Signal()
# Arguments: message (messaging.Message), charge (messaging.domain.charges.Charge), at (datetime)
message_charged = Signal()
# The time of people ended by itself while the customer still waits; inside that transaction, on the locked row.
# Arguments: conversation (messaging.Conversation), locked
chat_returned = Signal()
