"""Language models behind one port: OpenAI-compatible addresses and the labelled demo model."""
