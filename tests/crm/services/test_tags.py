import pytest

from config.lib.errors import Conflict, Invalid
from crm.models import AssignmentRule, SavedView, Tag
from crm.services import tags
from tenants.domain.actor import Actor
from tests.factories.crm import make_contact, make_lead

BY = Actor.system("Prueba")

pytestmark = pytest.mark.usefixtures("in_acme")


def test_labels_are_trimmed_each_once_and_as_the_catalogue_spells_them() -> None:
    tags.create_tag(name="VIP", by=BY, color="amber")
    assert tags.clean([" vip", "Nuevo  cliente", "VIP", "nuevo cliente", ""]) == ["VIP", "Nuevo cliente"]
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["Nuevo cliente", "VIP"]


@pytest.mark.parametrize("names", [["x" * 41], [str(n) for n in range(31)]], ids=["long", "many"])
def test_a_label_that_is_too_long_or_one_too_many_is_refused(names: list[str]) -> None:
    with pytest.raises(Invalid) as refusal:
        tags.clean(names)
    assert "tags" in refusal.value.fields
    assert not Tag.objects.exists()


def test_letters_that_no_database_takes_are_left_out() -> None:
    assert tags.clean(["vi\x00p", "\ud800"]) == ["vip"]


def test_a_new_name_is_put_wherever_the_old_one_stands() -> None:
    tag = tags.create_tag(name="Feria", by=BY)
    lead, contact, other = make_lead(tags=["a", "Feria", "b"]), make_contact(tags=["Feria"]), make_lead(tags=["a"])
    tags.update_tag(tag=tag, by=BY, name="Expo")
    for row in (lead, contact, other):
        row.refresh_from_db()
    assert (lead.tags, contact.tags, other.tags) == (["a", "Expo", "b"], ["Expo"], ["a"])


def test_two_labels_become_one_and_nobody_has_it_twice() -> None:
    fair, expo = tags.create_tag(name="Feria", by=BY), tags.create_tag(name="Expo", by=BY)
    both, one = make_lead(tags=["Feria", "Expo"]), make_contact(tags=["Feria"])
    assert tags.unite(tag=fair, into=expo, by=BY) == 2
    both.refresh_from_db()
    one.refresh_from_db()
    assert (both.tags, one.tags) == (["Expo"], ["Expo"])
    assert not Tag.objects.filter(name="Feria").exists()
    with pytest.raises(Invalid):
        tags.unite(tag=expo, into=expo, by=BY)


def test_a_removed_label_is_gone_everywhere() -> None:
    tag = tags.create_tag(name="Feria", by=BY)
    lead = make_lead(tags=["Feria", "b"])
    assert tags.remove_tag(tag=tag, by=BY) == 1
    lead.refresh_from_db()
    assert lead.tags == ["b"]


def test_a_name_stands_once_however_it_is_spelled() -> None:
    tags.create_tag(name="Feria", by=BY)
    with pytest.raises(Conflict):
        tags.create_tag(name="FERIA", by=BY)
    other = tags.create_tag(name="Expo", by=BY)
    with pytest.raises(Conflict):
        tags.update_tag(tag=other, by=BY, name="feria")


def test_how_many_use_a_label_is_counted() -> None:
    tags.create_tag(name="Feria", by=BY)
    make_lead(tags=["Feria"], contact=make_contact(tags=["Feria"]))
    make_lead(tags=["Feria", "x"])
    row = tags.counted().get()
    assert (row.on_leads, row.on_contacts) == (2, 1)


def test_an_unknown_colour_is_the_plain_one() -> None:
    assert tags.create_tag(name="Feria", by=BY, color="url(javascript:1)").color == "slate"


def test_a_label_that_only_one_person_had_goes_with_them_and_a_described_one_stays() -> None:
    make_lead(tags=tags.clean(["Tía de Ana", "Común"]))
    make_lead(tags=["Común"])
    tags.create_tag(name="Feria", color="red", by=BY)
    from_one = make_lead(tags=["Tía de Ana", "Feria"])
    from_one.delete()
    tags.forget_unused(["Tía de Ana", "Común", "Feria"])
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["Común", "Feria", "Tía de Ana"], (
        "somebody has it still"
    )
    tags.remove_tag(tag=Tag.objects.get(name="Común"), by=BY)
    tags.clean(["Suelta"])
    tags.forget_unused(["Suelta"])
    assert not Tag.objects.filter(name="Suelta").exists()


def test_rules_and_saved_views_follow_a_new_name() -> None:
    tag = tags.create_tag(name="Feria", by=BY)
    one = AssignmentRule.objects.create(name="a", filters={"tag": "Feria", "city": "Feria"})
    several = AssignmentRule.objects.create(name="b", filters={"tag": ["Feria", "x"]})
    view = SavedView.objects.create(list="leads", name="v", query="q=Feria&tag=Feria&owner=me")
    tags.update_tag(tag=tag, by=BY, name="Expo 2026")
    for row in (one, several, view):
        row.refresh_from_db()
    assert (one.filters, several.filters) == ({"tag": "Expo 2026", "city": "Feria"}, {"tag": ["Expo 2026", "x"]})
    assert view.query == "q=Feria&tag=Expo+2026&owner=me"
