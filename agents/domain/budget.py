"""How far one turn may go."""

from dataclasses import dataclass

MAX_STEPS = 6
MAX_SECONDS = 90
MAX_TOKENS = 60_000
MAX_CALLS_PER_STEP = 8


@dataclass(frozen=True, slots=True)
class TurnBudget:
    """Steps are model calls; seconds are wall time; tokens are prompt and completion of all steps together."""

    steps: int = MAX_STEPS
    seconds: float = MAX_SECONDS
    tokens: int = MAX_TOKENS

    def spent(self, *, steps: int, seconds: float, tokens: int) -> str:
        """The name of the limit that is used up, or an empty string."""
        if steps >= self.steps:
            return "steps"
        if seconds >= self.seconds:
            return "seconds"
        if tokens >= self.tokens:
            return "tokens"
        return ""


def budget_of(config: dict[str, object]) -> TurnBudget:
    """The budget that an agent's settings ask for, never above the platform's own limits."""

    def number(name: str, most: int) -> int:
        value = config.get(name)
        return min(value, most) if isinstance(value, int) and not isinstance(value, bool) and value > 0 else most

    return TurnBudget(
        number("max_steps", MAX_STEPS), number("max_seconds", MAX_SECONDS), number("max_tokens", MAX_TOKENS)
    )
