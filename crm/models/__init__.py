from crm.models.agenda import (
    AgendaEvent,
    AgendaSettings,
    CalendarBlock,
    CalendarConflict,
    CalendarConnection,
    ExternalCalendar,
    HoursException,
    Service,
)
from crm.models.assignment import Assignment, AssignmentRule, RuleSeller, Strategy
from crm.models.client import Client, Conversion
from crm.models.contact import Consent, Contact, ContactPoint, Touch
from crm.models.fields import CustomField, Tag
from crm.models.intake import ImportBatch, ImportRow, InboundForm, Submission
from crm.models.lead import Interest, Lead
from crm.models.merge import ContactMerge, DuplicatePair
from crm.models.numbers import Goal, Response
from crm.models.pipeline import LostReason, Pipeline, Stage, StageChange, StageKind, StageRequest, StageTransition
from crm.models.seller import Absence, Seller
from crm.models.store import Store, StoreNotice, StoreProduct
from crm.models.views import BulkAction, BulkChange, SavedView
from crm.models.work import Note, Notification, Task

__all__ = [
    "Absence",
    "AgendaEvent",
    "AgendaSettings",
    "Assignment",
    "AssignmentRule",
    "BulkAction",
    "BulkChange",
    "CalendarBlock",
    "CalendarConflict",
    "CalendarConnection",
    "Client",
    "Consent",
    "Contact",
    "ContactMerge",
    "ContactPoint",
    "Conversion",
    "CustomField",
    "DuplicatePair",
    "ExternalCalendar",
    "Goal",
    "HoursException",
    "ImportBatch",
    "ImportRow",
    "InboundForm",
    "Interest",
    "Lead",
    "LostReason",
    "Note",
    "Notification",
    "Pipeline",
    "Response",
    "RuleSeller",
    "SavedView",
    "Seller",
    "Service",
    "Stage",
    "StageChange",
    "StageKind",
    "StageRequest",
    "StageTransition",
    "Store",
    "StoreNotice",
    "StoreProduct",
    "Strategy",
    "Submission",
    "Tag",
    "Task",
    "Touch",
]
