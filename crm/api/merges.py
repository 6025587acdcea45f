"""People who may be one, united and taken apart."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import contact_for, merge_for
from crm.api.contact_serializers import ContactOut, DuplicateOut, MergeBody, MergeOut, UnmergeBody
from crm.services import duplicates, merging
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


@audit_access("contacts.listed")
class Duplicates(CompanyView):
    reads = "contacts.read"
    page_by = "found_at"

    @extend_schema(operation_id="contacts_duplicates", responses=DuplicateOut(many=True))
    def get(self, request: Request) -> Response:
        """Pairs still to be looked at, the latest found first."""
        return self.paged(duplicates.suggestions(self.member), DuplicateOut)


class DismissDuplicate(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_duplicate_dismiss", request=None, responses={204: None})
    def post(self, request: Request, pk: str) -> Response:
        """They are two people: not suggested again."""
        duplicates.dismiss(pair=duplicates.pair_for(self.member, pk), by=self.actor)
        return Response(status=204)


@audit_access("contact.viewed", resource="pk")
class ContactDuplicates(CompanyView):
    reads = "contacts.read"

    @extend_schema(operation_id="contacts_own_duplicates", responses=DuplicateOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """Who else this may be, the likeliest first; at most three."""
        found = duplicates.suggestions_for(contact_for(self.member, pk), self.member)
        return self.whole([pair for _other, pair in found], DuplicateOut)


@audit_access("contact.viewed", resource="pk")
class MergeContacts(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_merge", request=MergeBody, responses=MergeOut)
    def post(self, request: Request, pk: str) -> Response:
        """Move everything of `other` into this contact. `merge_id` takes it back."""
        kept = contact_for(self.member, pk)
        other = contact_for(self.member, self.body(MergeBody)["other"])
        return Response(MergeOut(merging.merge(kept=kept, other=other, by=self.actor)).data)


@audit_access("contact.viewed", resource="pk")
class UnmergeContacts(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_unmerge", request=UnmergeBody, responses=ContactOut)
    def post(self, request: Request, pk: str) -> Response:
        """Take a merge of this contact back; answers with the contact that returns."""
        merge = merge_for(self.member, pk, self.body(UnmergeBody)["merge_id"])
        return Response(ContactOut(merging.unmerge(merge=merge, by=self.actor)).data)


@audit_access("contact.viewed", resource="pk")
class ContactMerges(CompanyView):
    reads = "contacts.read"

    @extend_schema(operation_id="contacts_merges", responses=MergeOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """Who was united with this contact and can go again."""
        return self.whole(merging.merges_of(contact_for(self.member, pk)), MergeOut)
