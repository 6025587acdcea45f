"""The back office of CRM."""

from crm.admin import agenda, people, pipeline, sellers, work

__all__ = ["agenda", "people", "pipeline", "sellers", "work"]
