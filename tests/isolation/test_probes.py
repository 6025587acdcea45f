"""The generated probes, group by group, and how many they are."""

import sys

import pytest

from tests.isolation import asking, other_faces, probes
from tests.isolation.world import HIDDEN, TEAMED, World, put_files

LEAST = 2_000


@pytest.mark.parametrize("group", probes.GROUPS)
def test_every_probe_is_answered_as_it_must_be(group: str, world: World, db: None) -> None:
    put_files(world)
    asked = probes.at_each_door(probes.every(world, group), share=4)
    assert asked
    wrong = asking.complaints(world, asked)
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:40])


def test_live_events_tell_of_a_row_to_who_could_open_it(world: World, db: None) -> None:
    asked, wrong = other_faces.events(world)
    assert asked >= 500
    assert other_faces.every_type_is_probed()
    assert not wrong, "\n".join(wrong)


def test_tools_take_no_key_from_the_model(world: World, db: None) -> None:
    assert other_faces.tools(world)[1] == []


def test_tasks_do_not_fall_back_to_any_company(world: World, db: None) -> None:
    assert other_faces.tasks()[1] == []


def test_there_are_at_least_two_thousand(world: World, db: None) -> None:
    counted = {group: len(probes.every(world, group)) for group in probes.GROUPS}
    others = {"event": other_faces.events(world), "tool": other_faces.tools(world), "task": other_faces.tasks()}
    counted |= {name: asked for name, (asked, _wrong) in others.items()}
    sys.stdout.write(f"\n{sum(counted.values())} probes: {counted}\n")
    assert sum(counted.values()) >= LEAST
    assert all(counted.values()), counted  # a slip in a generator would leave its group with nothing to ask


def test_every_face_is_asked(world: World, db: None) -> None:
    faces = {probe.face for group in probes.GROUPS for probe in probes.every(world, group)}
    assert faces >= set(asking.FACES)


@pytest.mark.parametrize(
    ("who", "scope", "words"), [("paz", "all", HIDDEN), ("sol", "team", TEAMED), ("ana", "", HIDDEN)]
)
def test_who_may_see_does_see(who: str, scope: str, words: str, world: World, db: None) -> None:
    """Else the probes above would praise pages that show nothing to anybody."""
    put_files(world)
    asker = asking.Asker(world)
    keys = world.hidden if words == HIDDEN else world.teamed
    shown = []
    for address in probes.PRODUCT:
        for path, verb in probes.held(address, keys):
            if verb == "GET" and probes.may(probes.ROLE_OF[who], address, verb):
                probe = asking.Probe("seen", who, probes.faces_of(address)[0], verb, path, "clean", (), scope)
                status, text = asker.ask(probe)
                if status == 200 and words in text:
                    shown.append(address.route)
    assert {"leads/%(pk)s/", "bandeja/%(pk)s/", "archivos/%(pk)s/"} <= set(shown), shown
    assert any(route.startswith("api/v1/contacts/") for route in shown)
