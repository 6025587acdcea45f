from agents.models.agent import Agent, AgentVersion
from agents.models.privacy import PrivacyRequest
from agents.models.run import AgentRun, AssistanceReport, ToolCall

__all__ = ["Agent", "AgentRun", "AgentVersion", "AssistanceReport", "PrivacyRequest", "ToolCall"]
