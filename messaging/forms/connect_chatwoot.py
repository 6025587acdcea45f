"""Forms of connecting Chatwoot: the server and a token, then one of its inboxes."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.providers.chatwoot.account import Inbox


class ServerForm(forms.Form):
    base_url = forms.CharField(
        label=_("Dirección de Chatwoot"),
        max_length=300,
        help_text=_("Como https://chat.empresa.com."),
        widget=forms.URLInput({"autocomplete": "off", "placeholder": "https://"}),
    )
    token = forms.CharField(
        label=_("Token de acceso"),
        max_length=300,
        help_text=_(
            "En Chatwoot: foto de perfil, Configuración del perfil, al final de la página. Mejor el de un administrador."
        ),
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class InboxForm(forms.Form):
    inbox = forms.ChoiceField(label=_("Bandeja de entrada"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, inboxes: Iterable[Inbox], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(each.inbox_id, f"{each.name} · {each.account}") for each in inboxes]
        self.fields["inbox"].choices = found  # type: ignore[attr-defined]  # a ChoiceField
        if len(found) == 1:
            self.fields["inbox"].initial = found[0][0]
