"""Forms of connecting Chatwoot: the server and a token, then one of its inboxes."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from messaging.providers.chatwoot.account import Inbox


class ServerForm(forms.Form):
    base_url = forms.CharField(
        label=gettext_lazy("Dirección de Chatwoot"),
        max_length=300,
        help_text=gettext_lazy("Como https://chat.empresa.com."),
        widget=forms.URLInput({"autocomplete": "off", "placeholder": "https://"}),
    )
    token = forms.CharField(
        label=gettext_lazy("Token de acceso"),
        max_length=300,
        help_text=gettext_lazy(
            "En Chatwoot: foto de perfil, Configuración del perfil, al final de la página. Mejor el de un administrador."
        ),
        widget=forms.PasswordInput({"autocomplete": "off", "spellcheck": "false"}),
    )


class InboxForm(forms.Form):
    inbox = forms.ChoiceField(label=gettext_lazy("Bandeja de entrada"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, inboxes: Collection[Inbox], taken: Collection[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        found = [(each.inbox_id, _label(each, each.inbox_id in taken)) for each in inboxes]
        self.fields["inbox"].choices = found  # type: ignore[attr-defined]  # a ChoiceField
        free = [each.inbox_id for each in inboxes if each.inbox_id not in taken]
        if len(free) == 1:
            self.fields["inbox"].initial = free[0]


def _label(inbox: Inbox, taken: bool) -> str:
    words = f"{inbox.name} · {inbox.account}"
    return f"{words} · {_('ya conectado')}" if taken else words
