"""Notes about people and leads; what somebody should know."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import Invalid
from crm.access import contact_for, lead_for, note_for, visible_notes
from crm.models import Note
from crm.services import notes
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


class NoteOut(serializers.Serializer):
    """`mentions` are user ids; `author` is null for what an agent or the system wrote."""

    id = serializers.UUIDField()
    contact = serializers.UUIDField(source="contact_id")
    lead = serializers.UUIDField(source="lead_id", allow_null=True)
    kind = serializers.CharField()
    text = serializers.CharField()
    mentions = serializers.ListField(child=serializers.UUIDField())
    is_pinned = serializers.BooleanField()
    author = serializers.UUIDField(source="author_id", allow_null=True)
    author_name = serializers.CharField(source="actor_label")
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class NewNoteBody(serializers.Serializer):
    """About a lead or a contact; `@Name` in the text names an active member, who is told."""

    contact = serializers.UUIDField(required=False)
    lead = serializers.UUIDField(required=False)
    text = serializers.CharField(max_length=notes.LONGEST)
    kind = serializers.ChoiceField(choices=Note.Kind.choices, required=False)
    is_pinned = serializers.BooleanField(required=False)


class NoteBody(serializers.Serializer):
    text = serializers.CharField(max_length=notes.LONGEST)
    kind = serializers.ChoiceField(choices=Note.Kind.choices)
    is_pinned = serializers.BooleanField()


class NoteFilter(serializers.Serializer):
    contact = serializers.UUIDField(required=False)
    lead = serializers.UUIDField(required=False)


@audit_access("notes.listed")
class Notes(CompanyView):
    reads, writes = "contacts.read", "contacts.write"

    @extend_schema(operation_id="notes_list", parameters=[NoteFilter], responses=NoteOut(many=True))
    def get(self, request: Request) -> Response:
        """Newest first, about the people whom the caller may see."""
        asked = self.asked(NoteFilter)
        return self.paged(visible_notes(self.member).filter(**asked), NoteOut)

    @extend_schema(operation_id="notes_create", request=NewNoteBody, responses={201: NoteOut})
    def post(self, request: Request) -> Response:
        """Write a note. 422 for a name that fits several people, or of somebody who does not see the contact."""
        said = self.body(NewNoteBody)
        lead = lead_for(self.member, said["lead"]) if "lead" in said else None
        if lead is None and "contact" not in said:
            raise Invalid(_("Falta el contacto o el lead."), fields={"contact": _("Falta.")})
        contact = contact_for(self.member, said.get("contact", lead.contact_id if lead else None))
        note = notes.add_note(
            contact=contact,
            lead=lead,
            by=self.actor,
            text=said["text"],
            kind=said.get("kind", Note.Kind.INTERNAL),
            pinned=said.get("is_pinned", False),
        )
        return Response(NoteOut(note).data, status=201)


@audit_access("note.viewed", resource="pk")
class OneNote(CompanyView):
    reads, writes = "contacts.read", "contacts.write"

    @extend_schema(operation_id="notes_retrieve", responses=NoteOut)
    def get(self, request: Request, pk: str) -> Response:
        """One note."""
        return Response(NoteOut(note_for(self.member, pk)).data)

    @extend_schema(operation_id="notes_update", request=NoteBody, responses=NoteOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change it. Words and kind are only their author's to change."""
        note = note_for(self.member, pk)
        said = self.body(NoteBody, partial=True)
        note = notes.edit_note(
            note=note, by=self.actor, text=said.get("text"), kind=said.get("kind"), pinned=said.get("is_pinned")
        )
        return Response(NoteOut(note).data)

    @extend_schema(operation_id="notes_delete", responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Remove it; only its author may."""
        notes.remove_note(note=note_for(self.member, pk), by=self.actor)
        return Response(status=204)
