from agents.api import agents, onboarding, privacy, runs
from config.lib.routes import route

urlpatterns = [
    route("onboarding", onboarding.FirstSteps),
    route("onboarding/sample-data", onboarding.SampleData),
    route("agents", agents.Agents),
    route("agents/<pk>", agents.OneAgent),
    route("agents/<pk>/versions", agents.Versions),
    route("agents/<pk>/publish", agents.Publish),
    route("agents/<pk>/restore", agents.Restore),
    route("contacts/<pk>/export", privacy.Export),
    route("contacts/<pk>/export/file", privacy.ExportFile),
    route("contacts/<pk>/erase", privacy.Erase),
    route("privacy-requests", privacy.Requests),
    route("privacy-requests/<pk>", privacy.OneRequest),
    route("tools", agents.Tools),
    route("runs", runs.Runs),
    route("runs/<pk>", runs.OneRun),
]
