"""The back office of CRM."""

from crm.admin import agenda, people, pipeline, sellers, store, work

__all__ = ["agenda", "people", "pipeline", "sellers", "store", "work"]
