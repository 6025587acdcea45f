"""JSON typed into a form: what Python, PostgreSQL or a page cannot take is a mistake to correct, never a crash."""

import math
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from config.lib.texts import storable

MOST_DEPTH = 20


class BoundedJSONField(forms.JSONField):
    """As Django's, which lets text nested a thousand times and numbers of five thousand digits rise as errors."""

    def to_python(self, value: Any) -> Any:
        try:
            found = super().to_python(value)
        except (RecursionError, ValueError) as error:
            raise self._refusal(value) from error
        if not _fits(found, MOST_DEPTH) or not storable(found):
            raise self._refusal(value)
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        try:
            return super().bound_data(data, initial)
        except (RecursionError, ValueError):
            return InvalidJSONInput(data)

    def _refusal(self, value: object) -> ValidationError:
        return ValidationError(self.error_messages["invalid"], code="invalid", params={"value": str(value)[:80]})


def _fits(value: Any, depth: int) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return depth > 0 and all(_fits(each, depth - 1) for each in inner)
