"""Tasks are noted instead of queued; a test runs them when it wants to."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from celery import current_app

LONGEST_CHAIN = 500


@dataclass(frozen=True)
class Queued:
    """One wake-up. `countdown` in seconds or None."""

    name: str
    tenant_id: int | None
    queue: str
    countdown: float | None
    arguments: dict[str, Any]


@dataclass
class Queue:
    """What would have gone to the broker since the test began, oldest first."""

    waiting: deque[Queued] = field(default_factory=deque)

    def note(
        self,
        task: str,
        *,
        tenant_id: int | None,
        queue: str = "default",
        countdown: float | None = None,
        **arguments: object,
    ) -> bool:
        """Stands in for `config.lib.commit.send`."""
        self.waiting.append(Queued(task, tenant_id, queue, countdown, dict(arguments)))
        return True

    def __len__(self) -> int:
        return len(self.waiting)

    def __iter__(self) -> Any:
        return iter(list(self.waiting))

    def named(self, name: str) -> list[Queued]:
        """Waiting tasks whose dotted name ends with `name`."""
        return [task for task in self.waiting if task.name == name or task.name.endswith(f".{name}")]

    def clear(self) -> None:
        self.waiting.clear()

    def run(self, task: Queued) -> Any:
        """Run one now, in this process, as a worker would; its error rises here."""
        return run_task(task.name, tenant_id=task.tenant_id, **task.arguments)

    def drain(self) -> int:
        """Run until nothing waits, whatever the countdowns; how many ran."""
        ran = 0
        while self.waiting:
            ran += 1
            assert ran <= LONGEST_CHAIN, f"tasks queue each other without end: {self.waiting[0].name}"
            self.run(self.waiting.popleft())
        return ran


def run_task(name: str, *, tenant_id: int | None = None, **arguments: object) -> Any:
    """Run a task by its dotted name with the company in the header, without a broker."""
    current_app.loader.import_default_modules()
    headers = {"tenant_id": tenant_id} if tenant_id is not None else None
    return current_app.tasks[name].apply(kwargs=arguments, headers=headers, throw=True).get()
