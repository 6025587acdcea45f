"""People."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import contact_for
from crm.api.serializers import ContactBody, ContactFilter, ContactOut
from crm.models import Contact
from crm.services import contacts
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


@audit_access("contacts.listed")
class Contacts(CompanyView):
    reads, writes = "contacts.read", "contacts.write"
    reads_at_most = "lists"

    @extend_schema(operation_id="contacts_list", parameters=[ContactFilter], responses=ContactOut(many=True))
    def get(self, request: Request) -> Response:
        """People, the latest first."""
        words = self.asked(ContactFilter).get("search", "")
        return self.paged(Contact.objects.visible_to(self.member).search(words), ContactOut)

    @extend_schema(operation_id="contacts_create", request=ContactBody, responses={201: ContactOut})
    def post(self, request: Request) -> Response:
        """Create a person. 409 when the phone, in any of its local spellings, is somebody else's."""
        contact = contacts.create_contact(by=self.actor, **self.body(ContactBody))
        return Response(ContactOut(contact).data, status=201)


@audit_access("contact.viewed", resource="pk")
class OneContact(CompanyView):
    reads, writes = "contacts.read", "contacts.write"

    @extend_schema(operation_id="contacts_retrieve", responses=ContactOut)
    def get(self, request: Request, pk: str) -> Response:
        """One person."""
        return Response(ContactOut(contact_for(self.member, pk)).data)

    @extend_schema(operation_id="contacts_update", request=ContactBody, responses=ContactOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields."""
        contact = contact_for(self.member, pk)
        changes = self.body(ContactBody, partial=True)
        return Response(ContactOut(contacts.update_contact(contact=contact, by=self.actor, **changes)).data)
