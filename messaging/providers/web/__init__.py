"""The web chat widget: our own channel, no provider in between."""
