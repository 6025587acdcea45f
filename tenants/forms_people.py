"""Forms of becoming and being a member: shape only, the rules are in the services."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.errors import AppError
from tenants.domain import roles
from tenants.permission_words import ROLE_CHOICES, SCOPE_CHOICES

ACTS = ("activate", "suspend", "role", "scope", "reject", "link")
INVITATION_ACTS = ("resend", "revoke", "link")


def _new_password(label: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Al menos 10 caracteres. Una frase corta es fácil de recordar."),
    )


def _own_password() -> forms.CharField:
    return forms.CharField(
        label=_("Contraseña actual"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


def _name() -> forms.CharField:
    return forms.CharField(
        label=_("Nombre y apellido"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )


def _email(label: Any, *, autocomplete: str) -> forms.EmailField:
    return forms.EmailField(label=label, max_length=254, widget=forms.EmailInput(attrs={"autocomplete": autocomplete}))


class JoinForm(forms.Form):
    tenant = forms.CharField(
        label=_("Identificador de la empresa"),
        max_length=40,
        help_text=_("Lo dice quien dirige la empresa; es la primera parte de su dirección."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "organization"}),
    )


class RegisterForm(JoinForm):
    name = _name()
    email = _email(_("Correo"), autocomplete="username")
    password = _new_password(_("Contraseña"))
    field_order = ("tenant", "name", "email", "password")


class NewPersonForm(forms.Form):
    """What somebody who was invited adds to the address that the invitation names."""

    name = _name()
    password = _new_password(_("Contraseña"))


class NewPasswordForm(forms.Form):
    password = _new_password(_("Contraseña nueva"))


class ForgottenForm(forms.Form):
    email = _email(_("Correo"), autocomplete="username")


class NameForm(forms.Form):
    name = _name()


class ChangePasswordForm(forms.Form):
    password = _own_password()
    new_password = _new_password(_("Contraseña nueva"))


class ChangeEmailForm(forms.Form):
    email = _email(_("Correo nuevo"), autocomplete="email")
    password = _own_password()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", "id_change_%s")  # the page has another field for the present password
        super().__init__(*args, **kwargs)


class InviteForm(forms.Form):
    email = _email(_("Correo"), autocomplete="off")
    role = forms.ChoiceField(label=_("Rol"), choices=ROLE_CHOICES, initial=roles.CLOSER)


class MemberForm(forms.Form):
    """What is to be done with a member, and what that needs."""

    act = forms.ChoiceField(choices=[(name, name) for name in ACTS])
    role = forms.ChoiceField(required=False, choices=ROLE_CHOICES)
    scope = forms.ChoiceField(required=False, choices=[("", ""), *SCOPE_CHOICES])
    team = forms.UUIDField(required=False)


class InvitationActForm(forms.Form):
    act = forms.ChoiceField(choices=[(name, name) for name in INVITATION_ACTS])


def onto(form: forms.Form, error: AppError) -> None:
    """Show a refusal where it belongs: at its fields, else at the head of the form."""
    named = {name: words for name, words in error.fields.items() if name in form.fields}
    for name, words in named.items():
        form.add_error(name, str(words))
    if not named:
        form.add_error(None, str(error.message))
