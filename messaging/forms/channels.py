"""A channel's form, made of what its adapter says it needs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.models import Channel
from messaging.providers import provider_class
from messaging.providers.channel_config import ConfigField

#: what stands in the address of "create" → (provider, channel_source)
KINDS = {"whatsapp": ("meta_direct", "whatsapp"), "web": ("web", "web")}


class ChannelForm(forms.Form):
    """Name and the adapter's own fields; checking them is the service's work."""

    name = forms.CharField(label=_("Nombre"), max_length=120, help_text=_("Para reconocerlo entre los demás."))

    def __init__(self, *args: Any, provider: str, channel_source: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.names = []
        for one in provider_class(provider, channel_source).config.fields:
            self.fields[one.name] = _field(one)
            self.names.append(one.name)

    @classmethod
    def of(cls, channel: Channel, data: Any = None) -> "ChannelForm":
        initial = {"name": channel.name}
        for name, value in channel.config.items():
            initial[name] = "\n".join(value) if isinstance(value, list) else value
        return cls(data, initial=initial, provider=channel.provider, channel_source=channel.channel_source)

    def config(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.names}


def _field(one: ConfigField) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": 3}) if one.many else forms.TextInput(attrs={"autocomplete": "off"})
    return forms.CharField(
        label=str(one.label), help_text=str(one.help), required=one.required, max_length=4000, widget=widget
    )


class SecretForm(forms.Form):
    """One secret of a channel. It is only ever written; the page shows whether it is there."""

    name = forms.ChoiceField(widget=forms.HiddenInput)
    value = forms.CharField(
        label=_("Valor"),
        max_length=20_000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    only_here = forms.BooleanField(label=_("Solo para este canal"), required=False)

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]  # a ChoiceField
