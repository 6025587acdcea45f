from crm.models.contact import Contact
from crm.models.lead import Interest, Lead
from crm.models.pipeline import Stage, StageChange, StageKind, StageTransition
from crm.models.seller import Seller

__all__ = ["Contact", "Interest", "Lead", "Seller", "Stage", "StageChange", "StageKind", "StageTransition"]
