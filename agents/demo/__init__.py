"""Example companies for development: people, knowledge, contacts and chats to look at. Never in production."""
