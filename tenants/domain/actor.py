"""Who did it: stamped on audit rows, stage changes and messages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """`kind` is user, agent, contact, system or platform; `label` is what people read."""

    kind: str
    id: str = ""
    label: str = ""

    @classmethod
    def system(cls, label: str) -> "Actor":
        return cls("system", "", label)
