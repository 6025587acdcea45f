"""Notes and notifications for integrations."""

from collections.abc import Callable

from rest_framework.test import APIClient

from crm.models import Note, Notification
from crm.services.notifications import notify
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.factories.crm import make_contact, make_lead, make_seller
from tests.factories.crm_more import make_note
from tests.support.cast import Person

ApiAs = Callable[..., APIClient]


def test_a_note_is_written_read_changed_and_removed(api_as: ApiAs, acme: Tenant) -> None:
    ana = api_as("ana")
    with tenant_context(acme):
        lead = make_lead()

    made = ana.post("/api/v1/notes/", {"lead": str(lead.pk), "text": "Quiere el azul", "is_pinned": True})
    note = f"/api/v1/notes/{made.json()['id']}"
    changed = ana.patch(note, {"text": "Quiere el verde"})

    assert (made.status_code, made.json()["contact"], made.json()["author_name"]) == (201, str(lead.contact_id), "Ana")
    assert (changed.json()["text"], changed.json()["is_pinned"]) == ("Quiere el verde", True)
    assert ana.get(note).json()["edited_at"]
    assert ana.delete(note).status_code == 204
    assert ana.get(note).status_code == 404


def test_notes_are_found_by_contact_and_lead_within_ones_sight(
    api_as: ApiAs, acme: Tenant, sol: Person, teo: Person
) -> None:
    with tenant_context(acme):
        contact = make_contact()
        mine = make_lead(contact=contact, owner=make_seller(user=sol.user))
        other = make_lead(contact=contact, owner=make_seller(user=teo.user))
        for lead, text in ((mine, "mía"), (other, "ajena"), (None, "de la persona")):
            make_note(contact=contact, lead=lead, text=text)
        make_note(contact=other.contact, lead=other, text="otra ajena")

    def texts(name: str, query: str) -> set[str]:
        return {row["text"] for row in api_as(name).get(f"/api/v1/notes/?{query}").json()["results"]}

    assert texts("sol", f"contact={contact.pk}") == {"mía", "de la persona"}
    assert texts("sol", f"lead={other.pk}") == set()
    assert texts("ana", f"lead={mine.pk}") == {"mía"}


def test_wrong_notes_are_refused_with_their_fields(api_as: ApiAs, acme: Tenant, sol: Person, teo: Person) -> None:
    ana = api_as("ana")
    with tenant_context(acme):
        lead = make_lead(owner=make_seller(user=teo.user))

    assert ana.post("/api/v1/notes/", {"text": "x"}).status_code == 422
    assert ana.post("/api/v1/notes/", {"lead": str(lead.pk), "text": ""}).status_code == 400
    refused = ana.post("/api/v1/notes/", {"lead": str(lead.pk), "text": "@Sol"})
    assert (refused.status_code, "text" in refused.json()["error"]["fields"]) == (422, True)
    assert api_as("sol").post("/api/v1/notes/", {"lead": str(lead.pk), "text": "x"}).status_code == 404
    with tenant_context(acme):
        assert not Note.objects.exists()


def test_another_companys_note_does_not_exist(api_as: ApiAs, acme: Tenant) -> None:
    with tenant_context(acme):
        pk = make_note().pk
    gus = api_as("gus")

    assert [gus.get(f"/api/v1/notes/{pk}").status_code, gus.delete(f"/api/v1/notes/{pk}").status_code] == [404, 404]


def test_notifications_are_the_callers_own(api_as: ApiAs, acme: Tenant, sol: Person) -> None:
    with tenant_context(acme):
        for key in ("a", "b"):
            notify(user_id=sol.user.pk, kind=Notification.Kind.DONE, key=key, facts={"title": key})
    client = api_as("sol")
    rows = client.get("/api/v1/notifications/").json()["results"]

    assert [row["text"] for row in rows] == ["Terminó: b", "Terminó: a"]
    assert api_as("ana").get("/api/v1/notifications/").json()["results"] == []
    assert api_as("ana").post(f"/api/v1/notifications/{rows[0]['id']}/read").status_code == 404
    for _twice in range(2):
        assert client.post(f"/api/v1/notifications/{rows[0]['id']}/read").json()["read_at"]
    assert [row["id"] for row in client.get("/api/v1/notifications/?unread=true").json()["results"]] == [rows[1]["id"]]
    assert client.post("/api/v1/notifications/read-all").json() == {"read": 1}
