"""What the tables of CRM hold of a person, and what of them is nobody's. Read by crm.services.privacy."""

from tenants.domain.privacy import BLANKED, COPY, DELETED, Columns, Declaration

OURS = "the company's own words about its work, nothing about who writes to it"
CODE = "a code of the product"
STAFF = "people who work with the product, not who writes to the company"
BY = "actor_kind"
DECLARED: Declaration = {
    "crm.Contact": Columns(
        "name city phone email social_links custom tags notes blocked_reason search_text", DELETED, "contact"
    ),
    "crm.ContactPoint": Columns("value label", DELETED, "points", plain={CODE: "kind"}),
    "crm.Consent": Columns(
        "source", DELETED, "consents", plain={CODE: "purpose actor_kind", STAFF: "actor_id actor_label"}
    ),
    "crm.Touch": Columns(
        "source medium campaign term content ad_id click_id page referrer", DELETED, "touches", plain={CODE: "kind"}
    ),
    "crm.Lead": Columns(
        "score_reasons score_adjustment_reason budget timeline needs source last_source social_links tags custom"
        " lost_reason no_step_reason",
        DELETED,
        "leads",
        plain={CODE: "interest currency"},
    ),
    "crm.StageChange": Columns("actor_id actor_label reason", DELETED, "stage_changes", plain={CODE: "actor_kind"}),
    "crm.StageRequest": Columns(
        "comment lost_reason decision_comment",
        DELETED,
        "stage_requests",
        plain={CODE: "status approver_role actor_kind", STAFF: "actor_id actor_label decided_by"},
    ),
    "crm.Assignment": Columns(
        "reason", DELETED, "assignments", plain={CODE: "kind actor_kind", STAFF: "actor_id actor_label"}
    ),
    "crm.Client": Columns(plain={CODE: "status"}),
    "crm.Conversion": Columns(
        "criteria undo_reason",
        DELETED,
        "conversions",
        plain={CODE: "currency actor_kind", STAFF: "actor_id actor_label undone_by"},
    ),
    "crm.Task": Columns(
        "title detail outcome",
        DELETED,
        "tasks",
        plain={CODE: "kind actor_kind", STAFF: "done_by actor_id actor_label"},
    ),
    "crm.Note": Columns("text", DELETED, "notes", plain={CODE: "kind actor_kind mentions", STAFF: "actor_label"}),
    "crm.Notification": Columns(
        "facts key href", DELETED, COPY, "the row that the notice speaks of", plain={CODE: "kind"}
    ),
    "crm.AgendaEvent": Columns(
        "title note place why booking_key outcome cancel_reason push_error",
        DELETED,
        "appointments",
        plain={
            CODE: "kind status source actor_kind google_calendar_event_id google_etag period",
            STAFF: "actor_id actor_label",
            OURS: "google_calendar_id",
        },
    ),
    "crm.CalendarConflict": Columns(
        "theirs", DELETED, "calendar_conflicts", plain={CODE: "kind resolution", STAFF: "resolved_by"}
    ),
    "crm.DuplicatePair": Columns(
        "evidence", DELETED, COPY, "the contacts themselves", plain={CODE: "status", STAFF: "decided_by"}
    ),
    "crm.ContactMerge": Columns(
        "other_name rows", DELETED, "merges", plain={CODE: "actor_kind", STAFF: "actor_id actor_label undone_by"}
    ),
    "crm.Submission": Columns("payload error external_id", DELETED, "submissions", plain={CODE: "state"}),
    "crm.ImportRow": Columns("before error", DELETED, "import_rows", plain={CODE: "outcome"}),
    "crm.ImportBatch": Columns(
        "sample file",
        BLANKED,
        COPY,
        "the contact; the spreadsheet itself goes with its time, and at once when it named the person",
        plain={OURS: "filename columns mapping options error", CODE: "policy status", STAFF: "actor_label"},
    ),
    "crm.BulkChange": Columns("before after error", DELETED, COPY, "the lead", plain={CODE: "state"}),
    "crm.BulkAction": Columns(plain={OURS: "arguments query", CODE: "kind status", STAFF: "actor_label"}),
    "crm.Pipeline": Columns(plain={OURS: "name noun nouns"}),
    "crm.Stage": Columns(plain={OURS: "code name color", CODE: "kind"}),
    "crm.StageTransition": Columns(plain={OURS: "label", CODE: "approver_role"}),
    "crm.LostReason": Columns(plain={OURS: "name"}),
    "crm.Seller": Columns(plain={STAFF: "name email working_hours timezone specialties"}),
    "crm.Absence": Columns(plain={STAFF: "reason"}),
    "crm.HoursException": Columns(plain={STAFF: "spans reason"}),
    "crm.Service": Columns(plain={OURS: "name description currency color place"}),
    "crm.AgendaSettings": Columns(
        plain={
            OURS: "reminder_template reminder_hours page_title page_intro page_consent",
            CODE: "holidays reminder_language page_color",
        }
    ),
    "crm.CalendarConnection": Columns(plain={STAFF: "account connected_by", CODE: "way state error"}),
    "crm.ExternalCalendar": Columns(
        plain={
            STAFF: "calendar_id name timezone",
            CODE: "matched state error sync_token channel_id channel_hash channel_resource",
        }
    ),
    "crm.CalendarBlock": Columns(plain={STAFF: "title", CODE: "event_id etag"}),
    "crm.Store": Columns(
        plain={OURS: "name", STAFF: "connected_by", CODE: "store_id language currency state error route_key"}
    ),
    "crm.StoreProduct": Columns(
        plain={OURS: "name about brand categories tags attributes variants link image name_text search_text"}
    ),
    "crm.StoreNotice": Columns(plain={CODE: "topic"}),
    "crm.AssignmentRule": Columns(plain={OURS: "name filters", CODE: "strategy"}),
    "crm.Goal": Columns(plain={CODE: "measure currency"}),
    "crm.Tag": Columns(plain={OURS: "name color description"}),
    "crm.CustomField": Columns(plain={OURS: "key label options help_text", CODE: "on kind"}),
    "crm.SavedView": Columns(plain={OURS: "name query", CODE: "list"}),
    "crm.InboundForm": Columns(
        plain={
            OURS: "name slug title intro thanks fields source tags consent_text allowed_domains",
            CODE: "kind token_hash token_last4",
        }
    ),
}
