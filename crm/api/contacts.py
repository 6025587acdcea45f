"""People, and what they allow."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import NotFound
from config.lib.ids import key_of
from crm.access import contact_for
from crm.api.contact_serializers import (
    BlockBody,
    ConsentBody,
    ConsentOut,
    ContactBody,
    ContactFilter,
    ContactOut,
    PointBody,
    PointOut,
    WishBody,
)
from crm.services import blocking, consents, contacts, points
from crm.services.contact_filters import CUSTOM, ContactQuery
from tenants.api.base import CompanyView
from tenants.audit_access import audit_access


@audit_access("contacts.listed")
class Contacts(CompanyView):
    reads, writes = "contacts.read", "contacts.write"
    reads_at_most = "lists"

    @extend_schema(operation_id="contacts_list", parameters=[ContactFilter], responses=ContactOut(many=True))
    def get(self, request: Request) -> Response:
        """People, the latest first."""
        own = {word: str(said) for word, said in request.query_params.items() if word.startswith(CUSTOM)}
        query = ContactQuery.of({**own, **self.asked(ContactFilter)}, self.member)
        return self.paged(query.rows().prefetch_related("points"), ContactOut)

    @extend_schema(operation_id="contacts_create", request=ContactBody, responses={201: ContactOut})
    def post(self, request: Request) -> Response:
        """Create a person. 409 when the phone, in any of its local spellings, is somebody else's or somebody is blocked."""
        contact = contacts.create_contact(by=self.actor, **self.body(ContactBody))
        return Response(ContactOut(contact).data, status=201)


@audit_access("contact.viewed", resource="pk")
class OneContact(CompanyView):
    reads, writes = "contacts.read", "contacts.write"

    @extend_schema(operation_id="contacts_retrieve", responses=ContactOut)
    def get(self, request: Request, pk: str) -> Response:
        """One person. One that was united with another is a 404 with `fields.merged_into`."""
        return Response(ContactOut(contact_for(self.member, pk)).data)

    @extend_schema(operation_id="contacts_update", request=ContactBody, responses=ContactOut)
    def patch(self, request: Request, pk: str) -> Response:
        """Change the named fields."""
        contact = contact_for(self.member, pk)
        changes = self.body(ContactBody, partial=True)
        return Response(ContactOut(contacts.update_contact(contact=contact, by=self.actor, **changes)).data)


@audit_access("contact.viewed", resource="pk")
class ContactPoints(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_add_point", request=PointBody, responses={201: PointOut})
    def post(self, request: Request, pk: str) -> Response:
        """A further phone or e-mail of this person."""
        point = points.add_point(contact=contact_for(self.member, pk), by=self.actor, **self.body(PointBody))
        return Response(PointOut(point).data, status=201)


@audit_access("contact.viewed", resource="pk")
class OnePoint(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_remove_point", responses={204: None})
    def delete(self, request: Request, pk: str, point: str) -> Response:
        """Take a further phone or e-mail away."""
        found = contact_for(self.member, pk).points.filter(pk=key_of(point)).first()
        if found is None:
            raise NotFound(_("Ese dato no existe."))
        points.remove_point(point=found, by=self.actor)
        return Response(status=204)


@audit_access("contact.viewed", resource="pk")
class ContactConsents(CompanyView):
    reads, writes = "contacts.read", "contacts.write"

    @extend_schema(operation_id="contacts_consents", responses=ConsentOut(many=True))
    def get(self, request: Request, pk: str) -> Response:
        """What holds now, one row for each purpose that was ever spoken of."""
        holds = consents.current(contact_for(self.member, pk))
        return self.whole([row for row in holds.values() if row is not None], ConsentOut)

    @extend_schema(operation_id="contacts_consent", request=ConsentBody, responses={201: ConsentOut})
    def post(self, request: Request, pk: str) -> Response:
        """Note what the person allowed or refused for one purpose."""
        contact = contact_for(self.member, pk)
        row = consents.record_consent(contact=contact, by=self.actor, **self.body(ConsentBody))
        return Response(ConsentOut(row).data, status=201)


@audit_access("contact.viewed", resource="pk")
class OptOut(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_opt_out", request=WishBody, responses=ContactOut)
    def post(self, request: Request, pk: str) -> Response:
        """Nothing unasked is sent to this person any more."""
        contact = contact_for(self.member, pk)
        consents.opt_out(contact=contact, by=self.actor, source=self.body(WishBody)["source"])
        return Response(ContactOut(contact).data)


@audit_access("contact.viewed", resource="pk")
class OptIn(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_opt_in", request=WishBody, responses=ContactOut)
    def post(self, request: Request, pk: str) -> Response:
        """The person asked to hear from the company again."""
        contact = contact_for(self.member, pk)
        consents.opt_in(contact=contact, by=self.actor, source=self.body(WishBody)["source"])
        return Response(ContactOut(contact).data)


@audit_access("contact.viewed", resource="pk")
class Block(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_block", request=BlockBody, responses=ContactOut)
    def post(self, request: Request, pk: str) -> Response:
        """What the person writes is kept but not answered, and makes no lead."""
        contact = contact_for(self.member, pk)
        return Response(ContactOut(blocking.block(contact=contact, by=self.actor, **self.body(BlockBody))).data)


@audit_access("contact.viewed", resource="pk")
class Unblock(CompanyView):
    writes = "contacts.write"

    @extend_schema(operation_id="contacts_unblock", request=None, responses=ContactOut)
    def post(self, request: Request, pk: str) -> Response:
        """The person is heard and answered again."""
        contact = contact_for(self.member, pk)
        return Response(ContactOut(blocking.unblock(contact=contact, by=self.actor)).data)
