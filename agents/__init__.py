"""Agents: the words, the tools and the gates between a customer's message and an answer."""
