from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.models import Channel, MessageStatus


class DeliveryFilter(forms.Form):
    """Which messages that did not leave are shown."""

    canal = forms.ChoiceField(label=_("Canal"), required=False)
    estado = forms.ChoiceField(
        label=_("Estado"),
        required=False,
        choices=[
            ("", _("Todos")),
            (MessageStatus.FAILED.value, MessageStatus.FAILED.label),
            (MessageStatus.UNKNOWN.value, MessageStatus.UNKNOWN.label),
        ],
    )

    def __init__(self, data: Any, *, channels: list[Channel]) -> None:
        super().__init__(data)
        self.fields["canal"].choices = [("", _("Todos"))] + [(str(each.pk), each.name) for each in channels]  # type: ignore[attr-defined]  # a ChoiceField

    def asked(self) -> dict[str, Any]:
        """What was asked and makes sense; the rest is as if it had not been asked."""
        self.is_valid()
        return {"channel": self.cleaned_data.get("canal") or None, "status": self.cleaned_data.get("estado") or ""}
