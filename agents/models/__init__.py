from agents.models.agent import Agent, AgentVersion
from agents.models.assessment import Assessment
from agents.models.asset import BusinessAsset
from agents.models.desk import ChatSummary, Desk
from agents.models.ledger import LedgerEntry
from agents.models.model_end import ModelEnd
from agents.models.privacy import PrivacyRequest
from agents.models.question import Question
from agents.models.run import AgentRun, AssistanceReport, ToolCall
from agents.models.testing import TestCase, TestCheck, TestResult
from agents.models.tool import Confirmation, PendingAct, Tool

__all__ = [
    "Agent", "AgentRun", "AgentVersion", "Assessment", "AssistanceReport", "BusinessAsset", "ChatSummary", "Confirmation",
    "Desk", "LedgerEntry", "ModelEnd", "PendingAct", "PrivacyRequest", "Question", "TestCase", "TestCheck", "TestResult",
    "Tool", "ToolCall",
]  # fmt: skip
