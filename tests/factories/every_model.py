"""One factory for each model that lives in a company's schema; the isolation tests walk this list."""

from collections.abc import Callable

from django.db import models
from django.utils import timezone

from config.lib.ids import uuid7
from tenants.live.models import IdempotentRequest, LiveCounter, LiveEvent
from tests.factories import agenda, agents, crm, crm_more, messaging, rag, store


def make_live_event(**over: object) -> LiveEvent:
    """Numbered by the company's counter, as real ones are."""
    counter = make_live_counter()
    counter.last += 1
    counter.save()
    return LiveEvent.objects.create(
        **{"id": counter.last, "type": "NEW_LEAD", "data": {}, "at": timezone.now(), **over}
    )


def make_idempotent_request(**over: object) -> IdempotentRequest:
    return IdempotentRequest.objects.create(
        **{"key": str(uuid7()), "route": "POST /api/v1/leads/", "user_id": uuid7(), "body_hash": "0" * 64, **over}
    )


def make_live_counter(**over: object) -> LiveCounter:
    return LiveCounter.objects.get_or_create(id=1, defaults={"last": 7, **over})[0]


FACTORIES: dict[str, Callable[..., models.Model]] = {
    "live.LiveEvent": make_live_event,
    "live.LiveCounter": make_live_counter,
    "live.IdempotentRequest": make_idempotent_request,
    "crm.Contact": crm.make_contact,
    "crm.Seller": crm.make_seller,
    "crm.Stage": crm.make_stage,
    "crm.Service": agenda.make_service,
    "crm.Seller_services": agenda.make_attended,
    "crm.HoursException": agenda.make_hours_exception,
    "crm.AgendaSettings": agenda.make_agenda_settings,
    "crm.AgendaEvent": agenda.make_event,
    "crm.CalendarConnection": agenda.make_calendar_connection,
    "crm.ExternalCalendar": agenda.make_calendar,
    "crm.CalendarBlock": agenda.make_block,
    "crm.CalendarConflict": agenda.make_conflict,
    "crm.Store": store.make_store,
    "crm.StoreProduct": store.make_product,
    "crm.StoreNotice": store.make_store_notice,
    "crm.StageTransition": crm.make_transition,
    "crm.StageChange": crm.make_stage_change,
    "crm.Lead": crm.make_lead,
    "crm.Pipeline": crm.make_pipeline,
    "crm.ContactPoint": crm_more.make_point,
    "crm.Consent": crm_more.make_consent,
    "crm.Touch": crm_more.make_touch,
    "crm.LostReason": crm_more.make_lost_reason,
    "crm.StageRequest": crm_more.make_stage_request,
    "crm.Client": crm_more.make_client,
    "crm.Conversion": crm_more.make_conversion,
    "crm.DuplicatePair": crm_more.make_pair,
    "crm.ContactMerge": crm_more.make_merge,
    "crm.Task": crm_more.make_task,
    "crm.Note": crm_more.make_note,
    "crm.Notification": crm_more.make_notification,
    "crm.Tag": crm_more.make_tag,
    "crm.CustomField": crm_more.make_custom_field,
    "crm.SavedView": crm_more.make_saved_view,
    "crm.BulkAction": crm_more.make_bulk,
    "crm.BulkChange": crm_more.make_bulk_change,
    "crm.InboundForm": crm_more.make_form,
    "crm.Submission": crm_more.make_submission,
    "crm.ImportBatch": crm_more.make_import,
    "crm.ImportRow": crm_more.make_import_row,
    "crm.Absence": crm_more.make_absence,
    "crm.AssignmentRule": crm_more.make_rule,
    "crm.RuleSeller": crm_more.make_rule_seller,
    "crm.Assignment": crm_more.make_assignment,
    "crm.Goal": crm_more.make_goal,
    "crm.Response": crm_more.make_response,
    "messaging.Channel": messaging.make_channel,
    "messaging.ChannelIdentity": messaging.make_identity,
    "messaging.Conversation": messaging.make_conversation,
    "messaging.Message": messaging.make_message,
    "messaging.Attachment": messaging.make_attachment,
    "messaging.PendingStatus": messaging.make_pending_status,
    "messaging.ProviderNotice": messaging.make_notice,
    "messaging.MessageTemplate": messaging.make_template,
    "messaging.ScheduledMessage": messaging.make_scheduled,
    "messaging.MetaLogin": messaging.make_meta_login,
    "rag.Document": rag.make_document,
    "rag.Chunk": rag.make_chunk,
    "agents.Agent": agents.make_agent,
    "agents.AgentVersion": agents.make_version,
    "agents.TestCase": agents.make_test_case,
    "agents.TestResult": agents.make_test_result,
    "agents.TestResult_runs": agents.make_tried,
    "agents.TestCheck": agents.make_test_check,
    "agents.AgentRun": agents.make_run,
    "agents.LedgerEntry": agents.make_entry,
    "agents.ToolCall": agents.make_tool_call,
    "agents.AssistanceReport": agents.make_report,
    "agents.Assessment": agents.make_assessment,
    "agents.PrivacyRequest": agents.make_privacy_request,
    "agents.BusinessAsset": agents.make_asset,
    "agents.Desk": agents.make_desk,
    "agents.ChatSummary": agents.make_summary,
    "agents.ModelEnd": agents.make_model_end,
    "agents.Tool": agents.make_tool,
    "agents.PendingAct": agents.make_pending_act,
    "agents.Question": agents.make_question,
}
