"""One contact a person, whatever door they come in by and however their country writes its numbers."""

from crm.models import Contact
from crm.services.contacts import create_contact
from messaging.models import ChannelIdentity, Conversation
from messaging.providers.base import Sender
from messaging.services import identity
from messaging.services.relay import relay
from tenants.context import tenant_context
from tenants.domain.actor import Actor
from tenants.models import Tenant
from tests.factories.crm_more import make_point
from tests.factories.messaging import make_channel
from tests.messaging.services.saying import Number

BY = Actor.system("Prueba")
# As WhatsApp names them → whose they are.
WRITERS = {
    "5491155551111": "argentina", "541155551111": "argentina",
    "5215512345678": "mexico", "525512345678": "mexico",
    "5511987654321": "brazil", "551187654321": "brazil",
    "551132123456": "brazil landline", "5511932123456": "brazil mobile that ends like the landline",
}  # fmt: skip


def test_the_right_number_of_contacts_from_every_country(acme: Tenant, number: Number) -> None:
    for phone, whose in WRITERS.items():
        number.says(f"hola, {whose}", sender=phone, name=whose)
    with tenant_context(acme):
        by_name = {contact.name: contact for contact in Contact.objects.all()}
        assert len(by_name) == Contact.objects.count() == len(set(WRITERS.values()))
        assert all(contact.phone and contact.phone.startswith("+") for contact in by_name.values())
        assert Conversation.objects.count() == len(by_name)


def test_what_was_typed_at_any_door_is_the_person_who_writes(acme: Tenant, number: Number) -> None:
    with tenant_context(acme):
        create_contact(by=BY, name="Ana", phone="011 15-5555-1111")
        create_contact(by=BY, name="Luz", phone="+52 55 1234 5678")
        make_point(contact=create_contact(by=BY, name="Rui", phone="+5511911111111"), value="+5511987654321")
    for phone in ("5491155551111", "5215512345678", "551187654321"):
        number.says("hola", sender=phone, name="otro nombre")
    with tenant_context(acme):
        assert sorted(Contact.objects.values_list("name", flat=True)) == ["Ana", "Luz", "Rui"]
        relay(by=BY, user=None, channel_source="whatsapp", to="+55 11 8765-4321", text="Hola")
        assert Contact.objects.count() == 3


def test_an_id_of_instagram_or_facebook_is_never_a_phone(in_acme: Tenant) -> None:
    for source, kind in (("instagram", "igsid"), ("facebook", "psid")):
        channel = make_channel(provider="meta_direct", channel_source=source)
        contact = identity.locate(
            channel=channel, sender=Sender(ids=((kind, "17841400000000000"),), username="ana.paz")
        )
        assert (contact.phone, contact.name) == (None, "@ana.paz")
        assert Contact.objects.search("ana.paz").filter(pk=contact.pk).exists()
    assert Contact.objects.count() == 2
    assert ChannelIdentity.objects.filter(external_id="17841400000000000").count() == 2


def test_people_without_a_phone_do_not_collide(in_acme: Tenant) -> None:
    channel = make_channel(provider="meta_direct", channel_source="whatsapp")
    people = {
        identity.locate(channel=channel, sender=Sender(ids=(("bsuid", f"AR.{number}"),), username=f"u{number}")).pk
        for number in range(3)
    }
    assert len(people) == Contact.objects.filter(phone=None).count() == 3
