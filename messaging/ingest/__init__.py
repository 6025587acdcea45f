"""The door for webhooks and web chat: verify, store, answer 200. A Django app of its own because its rows are shared."""
