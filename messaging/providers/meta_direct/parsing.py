"""A webhook body of a Meta app, whichever of its products sent it. What it is shows in its keys, not in its address."""

from collections.abc import Iterator

from messaging.providers.base import Item
from messaging.providers.clean import items, mapping, text
from messaging.providers.meta_direct import inbound, pages_inbound
from messaging.providers.meta_direct.pages_inbound import Place


def parse(payload: object) -> list[Item]:
    """Every item in the order of the body; at least one, so that nothing arrives without a trace."""
    body = mapping(payload)
    named = text(body.get("object"), 60)
    found = [item for entry in items(body.get("entry")) for item in _entry(entry, named)]
    return found or [inbound.unreadable(payload, "")]


def _entry(entry: object, named: str) -> Iterator[Item]:
    given = mapping(entry)
    listed = {key: given[key] for key in ("messaging", "standby", "changes") if isinstance(given.get(key), list)}
    if not listed:
        yield inbound.unreadable(entry, "")
    for key, entries in listed.items():
        place = Place.of(given, named, standby=key == "standby")
        for one in entries:
            if key != "changes":
                yield from pages_inbound.read(one, place)
            elif named in ("page", "instagram") or pages_inbound.is_event(mapping(one).get("value")):
                yield from pages_inbound.change(one, place)
            else:
                yield from inbound.change(one, given)
