"""Chatwoot on the company's own server: one inbox of one account, whatever it is connected to."""
