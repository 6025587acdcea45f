"""The back office of CRM."""

from crm.admin import people, pipeline, sellers, work

__all__ = ["people", "pipeline", "sellers", "work"]
