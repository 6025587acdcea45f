"""Every tool, by name. A tool is a module-level `Tool` in this package; this table is the only registry."""

from functools import lru_cache

from django.utils.module_loading import import_string

from agents.tools.base import Tool

TOOLS: dict[str, str] = {
    "ask_team": "agents.tools.ask_team.ASK_TEAM",
    "book_appointment": "agents.tools.appointments.BOOK_APPOINTMENT",
    "cancel_appointment": "agents.tools.appointments.CANCEL_APPOINTMENT",
    "check_seller_availability": "agents.tools.availability.CHECK_SELLER_AVAILABILITY",
    "check_stock": "agents.tools.store.CHECK_STOCK",
    "convert_to_client": "agents.tools.convert.CONVERT_TO_CLIENT",
    "create_customer": "agents.tools.customer.CREATE_CUSTOMER",
    "my_appointments": "agents.tools.availability.MY_APPOINTMENTS",
    "order_status": "agents.tools.store.ORDER_STATUS",
    "qualify_lead": "agents.tools.customer.QUALIFY_LEAD",
    "save_details": "agents.tools.details.SAVE_DETAILS",
    "rag_search": "agents.tools.knowledge.RAG_SEARCH",
    "handoff_to_human": "agents.tools.people.HANDOFF_TO_HUMAN",
    "search_products": "agents.tools.store.SEARCH_PRODUCTS",
    "report_assistance": "agents.tools.people.REPORT_ASSISTANCE",
    "triage_urgency": "agents.tools.triage.TRIAGE_URGENCY",
    "reschedule_appointment": "agents.tools.appointments.RESCHEDULE_APPOINTMENT",
}


@lru_cache(maxsize=64)
def tool_named(name: str) -> Tool | None:
    """The tool, or None for a name that does not exist."""
    path = TOOLS.get(name)
    return import_string(path) if path else None
