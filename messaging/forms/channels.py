"""A channel's form, made of what its adapter says it needs."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.models import Channel, MessageTemplate, Provider, Source
from messaging.providers import PROVIDERS, provider_class
from messaging.providers.channel_config import ConfigField
from messaging.services import templates

#: what stands in the address of "create" → (provider, channel_source); what Chatwoot brings is chosen in the form
KINDS = {
    "whatsapp": ("meta_direct", "whatsapp"),
    "instagram": ("meta_direct", "instagram"),
    "facebook": ("meta_direct", "facebook"),
    "ycloud": ("ycloud", "whatsapp"),
    "chatwoot": ("chatwoot", "whatsapp"),
    "web": ("web", "web"),
}


class ChannelForm(forms.Form):
    """Name and the adapter's own fields; checking them is the service's work."""

    name = forms.CharField(label=_("Nombre"), max_length=120, help_text=_("Para reconocerlo entre los demás."))

    def __init__(
        self, *args: Any, provider: str, channel_source: str, channel: Channel | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.names = []
        if provider == Provider.CHATWOOT and channel is None:
            sources = [(source, Source(source).label) for known, source in PROVIDERS if known == provider]
            self.fields["channel_source"] = forms.ChoiceField(label=_("Qué canal es en Chatwoot"), choices=sources)
        for one in provider_class(provider, channel_source).config.fields:
            self.fields[one.name] = _field(one)
            self.names.append(one.name)
        if channel is not None and provider != Provider.WEB:
            self.fields["fallback"] = forms.ModelChoiceField(
                Channel.objects.filter(channel_source=channel_source).exclude(pk=channel.pk),
                label=_("Canal de reemplazo"),
                required=False,
                empty_label=_("Ninguno"),
                help_text=_(
                    "Por donde sale lo que este canal no puede enviar, si el cliente puede recibirlo ahí. Sin reemplazo, espera."
                ),
            )

    @classmethod
    def of(cls, channel: Channel, data: Any = None) -> "ChannelForm":
        initial = {"name": channel.name, "fallback": channel.fallback_id}
        for name, value in channel.config.items():
            initial[name] = "\n".join(value) if isinstance(value, list) else value
        return cls(
            data, initial=initial, provider=channel.provider, channel_source=channel.channel_source, channel=channel
        )

    def config(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.names}


def _field(one: ConfigField) -> forms.Field:
    if one.flag:
        return forms.BooleanField(label=str(one.label), help_text=str(one.help), required=False)
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


class OwnNumberForm(forms.Form):
    """A message to a number of one's own: a text while that number's window is open, else an approved template."""

    to = forms.CharField(
        label=_("Número propio"),
        max_length=40,
        help_text=_("Con código de país, por ejemplo +54 9 11 5555 1111."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    template = forms.ModelChoiceField(
        MessageTemplate.objects.none(),
        label=_("Plantilla"),
        required=False,
        empty_label=_("Ninguna: enviar el texto"),
        help_text=_("Sale con sus datos de ejemplo. Hace falta si ese número no escribió en las últimas 24 horas."),
    )
    text = forms.CharField(label=_("Texto"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, channel: Channel, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = templates.offered(channel.pk)  # type: ignore[attr-defined]  # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or {}
        if not said.get("template") and not str(said.get("text") or "").strip():
            self.add_error("text", _("Escribir un texto o elegir una plantilla."))
        return said
