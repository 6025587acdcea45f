import pytest

from config.lib.errors import Conflict, Invalid
from crm.models import Contact, CustomField, Lead
from crm.services import custom_fields
from crm.services.custom_fields import clean, create_field, filter_q, remove_field, update_field, variables_of
from tenants.domain.actor import Actor
from tests.factories.crm import make_contact, make_lead, make_seller

BY = Actor.system("Prueba")

pytestmark = pytest.mark.usefixtures("in_acme")


def field(label: str, kind: str = "text", on: str = "lead", **more: object) -> CustomField:
    return create_field(on=on, label=label, kind=kind, by=BY, **more)


def test_a_value_is_checked_by_its_field_and_the_others_stay() -> None:
    field("Zona", "choice", options=["Norte", "Sur"])
    field("Hijos", "number")
    kept = clean("lead", {"zona": "norte", "hijos": "2"}, current={"viejo": 1})
    assert kept == {"viejo": 1, "zona": "Norte", "hijos": 2}


def test_an_empty_value_takes_its_key_out() -> None:
    field("Zona")
    assert clean("lead", {"zona": ""}, current={"zona": "Norte"}) == {}


def test_every_wrong_value_is_named() -> None:
    field("Zona", "choice", options=["Norte"])
    field("Nacimiento", "date")
    with pytest.raises(Invalid) as refusal:
        clean("lead", {"zona": "Este", "nacimiento": "ayer", "otra": 1}, current={})
    assert set(refusal.value.fields) == {"custom.zona", "custom.nacimiento", "custom.otra"}


def test_a_key_that_no_field_has_is_only_accepted_as_it_lies_there() -> None:
    assert clean("lead", {"viejo": {"a": 1}}, current={"viejo": {"a": 1}}) == {"viejo": {"a": 1}}
    with pytest.raises(Invalid):
        clean("lead", {"viejo": 2}, current={"viejo": 1})
    assert clean("lead", {"viejo": None}, current={"viejo": 1}) == {}, "it may be taken out"


def test_what_agents_note_of_a_person_needs_no_field() -> None:
    assert clean("contact", {"document": " 30.123.456 "}, current={}) == {"document": "30.123.456"}


def test_a_field_that_is_off_takes_no_new_value_and_loses_none() -> None:
    zone = field("Zona")
    update_field(field=zone, by=BY, is_active=False)
    assert clean("lead", {"zona": "Sur"}, current={"zona": "Sur"}) == {"zona": "Sur"}
    with pytest.raises(Invalid):
        clean("lead", {"zona": "Norte"}, current={"zona": "Sur"})


def test_a_phone_is_kept_as_every_phone() -> None:
    field("Teléfono del trabajo", "phone")
    kept = clean("lead", {"telefono_del_trabajo": "11 5555-1234"}, current={})
    assert kept == {"telefono_del_trabajo": "+541155551234"}


class TestDefinitions:
    def test_the_key_comes_from_the_name_and_is_never_taken_twice(self) -> None:
        assert [field("Obra social").key, field("Obra Social").key] == ["obra_social", "obra_social_2"]
        with pytest.raises(Conflict):
            field("Otra", key="obra_social")
        with pytest.raises(Conflict):
            field("Documento", key="document")

    def test_the_kind_of_a_field_with_values_changes_only_without_loss(self) -> None:
        zone = field("Zona", "choice", options=["Norte", "Sur"])
        lead = make_lead(custom={"zona": "Norte"})
        with pytest.raises(Conflict):
            update_field(field=zone, by=BY, kind="number")
        zone.refresh_from_db()
        assert zone.kind == "choice"
        update_field(field=zone, by=BY, kind="choices")
        lead.refresh_from_db()
        assert lead.custom == {"zona": ["Norte"]}

    def test_the_kind_of_an_unused_field_may_change_freely(self) -> None:
        zone = field("Zona")
        assert update_field(field=zone, by=BY, kind="number").kind == "number"

    @pytest.mark.parametrize(
        "options", [[], ["a,b"], ["x" * 81], [str(n) for n in range(101)]], ids=["none", "comma", "long", "many"]
    )
    def test_a_choice_needs_options_that_can_be_told_apart(self, options: list[str]) -> None:
        with pytest.raises(Invalid):
            field("Zona", "choice", options=options)

    def test_removing_a_field_asks_what_becomes_of_the_values(self) -> None:
        lead, other = make_lead(custom={"zona": "Norte", "edad": 3}), make_lead(custom={"edad": 4})
        kept = field("Zona")
        assert remove_field(field=kept, by=BY, clear=False) == 0
        lead.refresh_from_db()
        assert lead.custom["zona"] == "Norte"
        gone = field("Zona")
        assert gone.key == "zona", "a field of the same name finds them again"
        assert remove_field(field=gone, by=BY, clear=True) == 1
        lead.refresh_from_db()
        other.refresh_from_db()
        assert (lead.custom, other.custom) == ({"edad": 3}, {"edad": 4})

    def test_the_order_is_the_companys(self) -> None:
        first, second, third = field("A"), field("B"), field("C")
        custom_fields.reorder(on="lead", ids=[third.pk, first.pk], by=BY)
        assert [each.key for each in custom_fields.fields_on("lead")] == ["c", "a", "b"]
        assert second.key == "b"


class TestFilters:
    def found(self, definition: CustomField, raw: str) -> list[str]:
        return sorted(Lead.objects.filter(filter_q(definition, raw)).values_list("needs", flat=True))

    def test_a_choice_a_text_and_a_yes_are_found_exactly(self) -> None:
        zone, vip = field("Zona", "choice", options=["Norte", "Sur"]), field("VIP", "yes_no")
        make_lead(needs="a", custom={"zona": "Norte", "vip": True})
        make_lead(needs="b", custom={"zona": "Sur", "vip": False})
        assert self.found(zone, "norte") == ["a"]
        assert self.found(vip, "sí") == ["a"]
        assert self.found(vip, "no") == ["b"]

    def test_numbers_amounts_and_dates_are_found_between_two_ends(self) -> None:
        age, pay, born = field("Edad", "number"), field("Pago", "money"), field("Alta", "date")
        for name, years, amount, day in (("a", 9, "900.00", "2026-01-31"), ("b", 10, "1000.50", "2026-02-01")):
            make_lead(needs=name, custom={"edad": years, "pago": amount, "alta": day})
        make_lead(needs="c", custom={"pago": "mucho"})
        make_lead(needs="d")
        assert self.found(age, "10..") == ["b"], "as numbers, not as words"
        assert self.found(age, "..9,5") == ["a"]
        assert self.found(pay, "950..1.000,50") == ["b"]
        assert self.found(pay, "..5000") == ["a", "b"]
        assert self.found(born, "2026-02-01..2026-02-28") == ["b"]
        assert self.found(age, "10") == ["b"]

    def test_several_options_must_all_be_there(self) -> None:
        likes = field("Gustos", "choices", options=["Vino", "Mar", "Cine"])
        make_lead(needs="a", custom={"gustos": ["Vino", "Mar"]})
        make_lead(needs="b", custom={"gustos": ["Vino"]})
        assert self.found(likes, "vino|mar") == ["a"]
        assert self.found(likes, "vino") == ["a", "b"]

    @pytest.mark.parametrize("raw", ["", "..", "x..2", "abc"])
    def test_a_filter_that_says_nothing_is_refused(self, raw: str) -> None:
        with pytest.raises(Invalid):
            filter_q(field("Edad", "number"), raw)


def test_texts_may_name_what_is_known() -> None:
    field("Zona", on="contact")
    field("Hijos", "number")
    field("Vacío")
    contact = make_contact(name="Ana Ruiz", city="Rosario", email="", custom={"zona": "Sur"})
    lead = make_lead(contact=contact, owner=make_seller(name="Sol"), custom={"hijos": 0})
    words = variables_of(contact, lead)
    assert (words["nombre"], words["ciudad"], words["vendedor"], words["correo"]) == ("Ana Ruiz", "Rosario", "Sol", "")
    assert (words["campo.zona"], words["campo.hijos"], words["campo.vacio"]) == ("Sur", "0", "")
    assert words["empresa"] == "Acme"


def test_the_values_of_contacts_and_leads_do_not_mix() -> None:
    field("Zona", on="contact")
    with pytest.raises(Invalid):
        clean("lead", {"zona": "Sur"}, current={})
    assert Contact.objects.filter(filter_q(CustomField.objects.get(), "Sur")).count() == 0
