"""Probes made from the URL table, the permission table and the rows of the world: every group is a generator."""

import json
from collections.abc import Iterator

from tenants.domain import roles
from tests.isolation.asking import BEARER, COOKIE, FACTOR, KEY, SESSION, VISIT, WITHOUT, Probe
from tests.isolation.urltable import NUMBERED, Address, addresses
from tests.isolation.world import ACME, GLOBEX, HIDDEN, TEAMED, WORD, World
from tests.support.thorough import THOROUGH

ROLE_OF = {"ana": "ceo", "sol": "closer", "teo": "setter", "rita": "secretary", "paz": "professional"}
NARROW = [
    (name, scope) for name in ("sol", "teo", "rita") for scope in ("own", "team")
]  # paz has the team's rows herself
OUTSIDERS = (None, "pia", "iris", "root", "gus")
# Answers without a person; the same set as in test_pages, which explains each.
ALL = addresses()
PRODUCT = [each for each in ALL if not each.is_admin and each.scope == "tenant"]
PLATFORM = [each for each in ALL if each.scope == "platform"]
ADMIN = [each for each in ALL if each.is_admin]


def faces_of(address: Address) -> tuple[str, ...]:
    return (BEARER, COOKIE, KEY) if address.is_api else (SESSION,)


def may(role: str, address: Address, verb: str) -> bool:
    wanted = address.permission(verb)
    return wanted is not None and wanted in roles.permissions(role)


def keyless(address: Address, verb: str, face: str) -> bool:
    """What a key is refused before anything is looked for."""
    return face == KEY and address.permission(verb) in roles.PEOPLE_ONLY


# --- what is asked ----------------------------------------------------------------------------------------


def without_permission(world: World) -> Iterator[Probe]:
    """Each role at each address and verb that its permissions do not open, with the company's own keys."""
    for address in PRODUCT:
        for verb in address.verbs:
            wanted = address.permission(verb)
            if wanted is None:
                continue
            for who, role in ROLE_OF.items():
                if wanted in roles.permissions(role):
                    continue
                for face in _some(faces_of(address), 2 + len(who)):
                    for path in address.paths(world.mine)[:1]:
                        yield Probe("permission", who, face, verb, path, "refused", (ACME, GLOBEX, HIDDEN))


def foreign_keys(world: World) -> Iterator[Probe]:
    """Each role that may, at each address with a key in it, with the other company's: it does not exist."""
    for address in PRODUCT:
        if not address.ids or NUMBERED & {address.model(name) for name in address.ids}:
            continue
        for number, path in enumerate(address.paths(world.theirs)):
            for verb in address.verbs:
                people = [who for who, role in ROLE_OF.items() if may(role, address, verb)]
                faces = faces_of(address)
                for place, who in enumerate(people if number == 0 else people[:1]):
                    face = faces[place % len(faces)]
                    wanted = "refused" if keyless(address, verb, face) else "missing"
                    yield Probe("foreign key", who, face, verb, path, wanted, (GLOBEX,))


def hidden_keys(world: World) -> Iterator[Probe]:
    """Each narrow scope at each address whose key is of a customer whom a colleague attends: it does not exist."""
    for address in PRODUCT:
        for path, verb in held(address, world.hidden):
            for place, (who, scope) in enumerate(NARROW):
                if may(ROLE_OF[who], address, verb):
                    for face in _some(faces_of(address), place):
                        yield Probe("colleague's key", who, face, verb, path, "missing", (GLOBEX, HIDDEN), scope)
            for who in ("sol", "teo", "rita"):  # what the team of paz has is not in one's own scope
                if may(ROLE_OF[who], address, verb):
                    own = next(path for path, each in held(address, world.teamed) if each == verb)
                    yield Probe("team's key", who, faces_of(address)[0], verb, own, "missing", (TEAMED,), "own")


def _some(faces: tuple[str, ...], place: int) -> tuple[str, ...]:
    return faces if place < 2 else (faces[place % len(faces)],)


def held(address: Address, keys: dict[str, object]) -> Iterator[tuple[str, str]]:
    if address.ids and all(address.model(name) in keys for name in address.ids):
        for verb in address.verbs:
            yield address.paths(keys)[0], verb


def lists(world: World) -> Iterator[Probe]:
    """Everything read without a key, plainly, searched, and filtered by keys that are not one's own."""
    narrowed = [(who, scope, (GLOBEX, HIDDEN)) for who, scope in NARROW]
    everybody = [(who, "", (GLOBEX,)) for who in ROLE_OF]
    for address in PRODUCT:
        if address.ids or "GET" not in address.verbs:
            continue
        for place, (who, scope, canaries) in enumerate([*narrowed, *everybody]):
            if not may(ROLE_OF[who], address, "GET"):
                continue
            for face in _some(faces_of(address), place):
                for body in _ways(world, narrow=bool(scope)):
                    path = address.paths(world.mine)[0]
                    yield Probe("list", who, face, "GET", path, "clean", canaries, scope, body)


def _ways(world: World, *, narrow: bool) -> list[tuple[tuple[str, str], ...]]:
    search = (("search", WORD), ("q", WORD), ("limit", "200"))
    keys = world.hidden if narrow else world.theirs
    named = (
        ("contact", str(keys["crm.Contact"])),
        ("conversation", str(keys["messaging.Conversation"])),
        ("lead", str(keys["crm.Lead"])),
    )
    return [(), search, named] if narrow else [search, named]


def named_in_bodies(world: World) -> Iterator[Probe]:
    """Unsafe verbs without a key in the address, naming somebody else's rows in the body: nothing of theirs comes back."""
    for address in PRODUCT:
        if address.ids:
            continue
        for verb in address.verbs:
            if verb == "GET":
                continue
            for who, scope, keys, canaries in [
                *((who, "", world.theirs, (GLOBEX,)) for who in ("ana", "sol")),
                *((who, scope, world.hidden, (HIDDEN,)) for who, scope in NARROW[:4]),
            ]:
                if may(ROLE_OF[who], address, verb):
                    for body in _bodies(keys):
                        yield Probe(
                            "named in a body", who, faces_of(address)[0], verb, address.paths(world.mine)[0], "clean",
                            canaries, scope, body,
                        )  # fmt: skip


def _bodies(keys: dict[str, object]) -> list[tuple[tuple[str, str], ...]]:
    contact, chat = str(keys["crm.Contact"]), str(keys["messaging.Conversation"])
    return [
        (("contact", contact), ("name", "x"), ("conversation_id", chat)),
        (("contact", json.dumps({"id": contact})), ("conversation_id", chat), ("text", "x")),
    ]


def outsiders(world: World) -> Iterator[Probe]:
    """Strangers, who waits, who rests, the staff without a visit, another company's CEO: at every address and verb."""
    for address in PRODUCT:
        if address.permission("GET") is None and address.permission("POST") is None:
            continue  # about the person only, whoever it is; test_pages names each of these
        for who in OUTSIDERS:
            for verb in address.verbs:
                face, path = faces_of(address)[-1 if who in ("iris", "gus") else 0], address.paths(world.mine)[0]
                wanted = "refused"
                if who == "gus":  # at home: his own pages, never acme's words
                    wanted = "missing" if address.ids and not keyless(address, verb, face) else "clean"
                yield Probe("outsider", who, face, verb, path, wanted, (ACME, HIDDEN))


def visitors(world: World) -> Iterator[Probe]:
    """The staff on a visit: nothing that a customer said, nothing that changes."""
    for address in PRODUCT:
        for verb in address.verbs:
            for face in faces_of(address)[:2]:
                opened = verb == "GET" and may(roles.SUPPORT, address, verb)
                for keys in (world.mine, {**world.mine, **world.hidden}):
                    path = address.paths(keys)[0]
                    wanted = "clean" if opened or not address.permission(verb) else "refused"
                    yield Probe("visitor", "root", face, verb, path, wanted, (GLOBEX, HIDDEN), VISIT)


def platform(world: World) -> Iterator[Probe]:
    """The staff's own pages do not exist for anybody else."""
    for address in PLATFORM:
        for who in (None, *ROLE_OF, "pia", "iris", "gus"):
            for verb in address.verbs:
                for path in address.paths(world.mine)[:1]:
                    path = path.replace("/x/", f"/{world.cast.acme.slug}/")
                    yield Probe("platform", who, SESSION, verb, path, "refused", (ACME, GLOBEX, HIDDEN))


def in_the_admin(world: World) -> Iterator[Probe]:
    """The admin is the CEO's: other roles and visitors are refused; the other company's keys do not exist."""
    others = [who for who in ROLE_OF if who != "ana"]
    for place, address in enumerate(ADMIN):
        who = others[place % len(others)]
        path = address.paths(world.mine)[0]
        yield Probe("admin", who, SESSION, "GET", path, "refused", (ACME, HIDDEN))
        yield Probe("admin", who, SESSION, "POST", path, "refused", (ACME, HIDDEN))
        if place % 2:
            yield Probe("admin", "root", SESSION, "GET", path, "refused", (ACME, HIDDEN), VISIT)
        if address.ids and not NUMBERED & {address.model(name) for name in address.ids}:
            wanted = "refused" if address.route.endswith("/delete/") else "missing"  # most rows nobody removes there
            yield Probe("admin", "ana", SESSION, "GET", address.paths(world.theirs)[0], wanted, (GLOBEX,))


def claims(world: World) -> Iterator[Probe]:
    """Naming another company by header: a member of one is not let into the other, with any face."""
    named = (("X-Tenant", world.cast.globex.slug),)
    for address in PRODUCT:
        if not address.is_api or address.permission("GET") is None:
            continue
        for face in (BEARER, COOKIE, KEY):
            for path in address.paths(world.theirs)[:1]:
                yield Probe("claim", "ana", face, "GET", path, "refused", (ACME, GLOBEX), headers=named)


def half_signed(world: World) -> Iterator[Probe]:
    """The company asks for a second factor and ana has proved none: nothing of the company opens."""
    for place, address in enumerate(PRODUCT):
        if address.permission("GET") is None and address.permission("POST") is None:
            continue
        verb = address.verbs[place % len(address.verbs)]
        face = faces_of(address)[place % 2 if address.is_api else 0]
        yield Probe("half-signed", "ana", face, verb, address.paths(world.mine)[0], "refused", (ACME, HIDDEN), FACTOR)


def keys_without_scope(world: World) -> Iterator[Probe]:
    """A CEO's key with every scope but the one that is needed, and what no key may do at all."""
    for address in PRODUCT:
        if not address.is_api:
            continue
        for verb in address.verbs:
            wanted = address.permission(verb)
            if wanted is None:
                continue
            path = address.paths(world.mine)[0]
            yield Probe("key scope", "ana", WITHOUT + wanted, verb, path, "refused", (ACME, GLOBEX, HIDDEN))
            if wanted in roles.PEOPLE_ONLY:
                yield Probe("key scope", "ana", KEY, verb, path, "refused", (ACME, GLOBEX, HIDDEN))


def over(world: World) -> Iterator[Probe]:
    """The staff after a visit: its time is up, or the company ended it."""
    for place, address in enumerate(PRODUCT):
        if "GET" in address.verbs and may(roles.SUPPORT, address, "GET"):
            for how in ("late", "ended"):
                face = faces_of(address)[place % 2 if address.is_api else 0]
                path = address.paths(world.mine)[0]
                yield Probe("visit over", "root", face, "GET", path, "refused", (ACME, HIDDEN), how)


GROUPS = {
    "permission": without_permission,
    "foreign key": foreign_keys,
    "colleague's key": hidden_keys,
    "list": lists,
    "named in a body": named_in_bodies,
    "outsider": outsiders,
    "visitor": visitors,
    "platform": platform,
    "admin": in_the_admin,
    "claim": claims,
    "half-signed": half_signed,
    "key scope": keys_without_scope,
    "visit over": over,
}


def some(world: World, group: str, route: str, most: int = 40) -> list[Probe]:
    """Of a group's probes whose address has this in it about so many, of every person."""
    found = [probe for probe in every(world, group) if route in probe.path]
    return found[:: max(1, len(found) // most)]


def at_each_door(asked: list[Probe], *, share: int) -> list[Probe]:
    """About one in `share` of them, and at least one at each address, verb and face: neighbours differ in who asks."""
    doors: dict[tuple[str, ...], list[Probe]] = {}
    for probe in asked:
        doors.setdefault((probe.face, probe.verb, probe.path, *map(str, probe.body)), []).append(probe)
    kept = {
        probe for place, same in enumerate(doors.values()) for probe in same[place % min(share, len(same)) :: share]
    }
    return asked if THOROUGH else [probe for probe in asked if probe in kept]


def every(world: World, group: str) -> list[Probe]:
    """The group's probes, people with a scope one after another: changing it is a statement."""
    found = dict.fromkeys(GROUPS[group](world))
    return sorted(found, key=lambda probe: (probe.who or "", probe.scope))
