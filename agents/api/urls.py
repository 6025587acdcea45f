from agents.api import agents, runs
from config.lib.routes import route

urlpatterns = [
    route("agents", agents.Agents),
    route("agents/<pk>", agents.OneAgent),
    route("agents/<pk>/versions", agents.Versions),
    route("agents/<pk>/publish", agents.Publish),
    route("agents/<pk>/restore", agents.Restore),
    route("tools", agents.Tools),
    route("runs", runs.Runs),
    route("runs/<pk>", runs.OneRun),
]
