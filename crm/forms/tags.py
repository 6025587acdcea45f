"""Forms of the page of labels."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain.colors import DEFAULT
from crm.forms.colors import COLOR_CHOICES
from crm.models import Tag


class TagForm(forms.Form):
    name = forms.CharField(label=_("Nombre"), max_length=40)
    color = forms.ChoiceField(label=_("Color"), choices=COLOR_CHOICES, initial=DEFAULT)
    description = forms.CharField(label=_("Para qué se usa"), required=False, max_length=200)

    @classmethod
    def of(cls, tag: Tag, data: Any = None) -> "TagForm":
        return cls(data, initial={"name": tag.name, "color": tag.color or DEFAULT, "description": tag.description})


class UniteForm(forms.Form):
    """Into which other label."""

    into = forms.ModelChoiceField(Tag.objects.none(), label=_("Unir con"))

    def __init__(self, *args: Any, tag: Tag, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["into"].queryset = Tag.objects.exclude(pk=tag.pk)  # type: ignore[attr-defined]  # a ModelChoiceField
