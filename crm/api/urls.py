from config.lib.routes import route
from crm.api import contacts, leads, pipeline

urlpatterns = [
    route("contacts", contacts.Contacts),
    route("contacts/<pk>", contacts.OneContact),
    route("leads", leads.Leads),
    route("leads/<pk>", leads.OneLead),
    route("leads/<pk>/stage", leads.MoveLead),
    route("leads/<pk>/assign", leads.AssignLead),
    route("leads/<pk>/qualify", leads.QualifyLead),
    route("stages", pipeline.Stages),
    route("sellers", pipeline.Sellers),
    route("sellers/<pk>", pipeline.OneSeller),
]
