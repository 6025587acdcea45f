"""The public schema: companies, people and their keys, and the walls between companies."""
