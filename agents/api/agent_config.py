"""The settings of an agent as the API documents them. Unknown ones are kept; what a known one may hold the service says."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.domain.hours import LONGEST_AWAY, MODES
from agents.domain.register import ENGLISH, SPANISH
from agents.domain.triage import SPECIALTIES
from agents.services.agent_config import DISCLOSURES, LIMITS, LONGEST_TONE, MOST_RULES, MOST_WORDS


def _limit(name: str) -> serializers.IntegerField:
    least, most = LIMITS[name]
    return serializers.IntegerField(min_value=least, max_value=most, required=False)


class AgentHours(serializers.Serializer):
    mode = serializers.ChoiceField(choices=MODES, help_text="business and outside: by the company's own hours")
    week = serializers.DictField(
        required=False, help_text='Of mode own: {"0": [["09:00", "13:00"]]}, 0 = Monday, in the company\'s zone'
    )
    rests_on_holidays = serializers.BooleanField(required=False)
    away = serializers.CharField(
        required=False, max_length=LONGEST_AWAY, help_text="Said once when no agent answers; empty says nothing."
    )


class AgentConfig(serializers.Serializer):
    """Further keys are kept as they are."""

    tone = serializers.CharField(required=False, max_length=LONGEST_TONE)
    rules = serializers.ListField(child=serializers.CharField(), required=False, max_length=MOST_RULES)
    dictionary = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        required=False,
        help_text=f"A word and what it stands for; up to {MOST_WORDS} words.",
    )
    register = serializers.ChoiceField(
        choices=SPANISH,
        required=False,
        help_text="How customers are addressed in Spanish; absent = the country's.",
    )
    register_en = serializers.ChoiceField(choices=ENGLISH, required=False)
    disclosure = serializers.ChoiceField(
        choices=DISCLOSURES, required=False, help_text="When it says that it is an AI. It never denies it."
    )
    specialty = serializers.ChoiceField(
        choices=SPECIALTIES,
        required=False,
        help_text="With several agents on a channel, the one whose specialty is the subject takes the turn.",
    )
    hours = AgentHours(required=False)
    fallback_model = serializers.CharField(required=False, max_length=80)
    side_model = serializers.CharField(
        required=False,
        max_length=80,
        help_text="Of the same provider, for short tasks: triage, summaries, help with writing; absent = the agent's model.",
    )
    base_url = serializers.URLField(required=False)
    vision = serializers.ChoiceField(choices=["yes", "no"], required=False)
    max_steps = _limit("max_steps")
    max_seconds = _limit("max_seconds")
    max_tokens = _limit("max_tokens")


@extend_schema_field(AgentConfig)
class ConfigField(serializers.DictField):
    """Taken whole; the service refuses a wrong known setting and names it `config.<name>`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, **options})
