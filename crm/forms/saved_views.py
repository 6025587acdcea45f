"""The form that gives a list's filters a name."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.models import SavedView


class ViewForm(forms.Form):
    list = forms.ChoiceField(choices=SavedView.List.choices, widget=forms.HiddenInput)
    query = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)
    name = forms.CharField(label=_("Nombre"), max_length=80)
    is_shared = forms.BooleanField(label=_("La ven todos"), required=False)
