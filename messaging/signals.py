"""The upward notice: an agent's turn is due. Sent by the worker outside any transaction."""

from django.dispatch import Signal

# Arguments: tenant, conversation_id (UUID), turn_token (UUID), upto_sequence (int)
turn_due = Signal()
