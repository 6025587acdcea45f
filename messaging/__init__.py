"""Channels, conversations and messages: what comes in, what leaves, and who has the chat."""
