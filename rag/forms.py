"""Uploading a document, choosing a collection, asking a trial question."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from rag.extract import EXTRACTORS, MAX_BYTES
from rag.models import Collection

MOST_QUESTION = 400


class DocumentForm(forms.Form):
    file = forms.FileField(
        label=_("Archivo"),
        allow_empty_file=True,  # the service says it in better words
        widget=forms.FileInput(attrs={"accept": ",".join(EXTRACTORS)}),
    )
    title = forms.CharField(
        label=_("Título"), required=False, max_length=200, help_text=_("Sin título se usa el nombre del archivo.")
    )
    collection = forms.ChoiceField(label=_("Colección"), choices=Collection.choices, initial=Collection.GENERAL)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = ", ".join(extension.lstrip(".") for extension in EXTRACTORS)
        self.fields["file"].help_text = _("Tipos que se leen: %(kinds)s. Hasta %(limit)d MB.") % {
            "kinds": kinds,
            "limit": MAX_BYTES // (1024 * 1024),
        }

    def clean_file(self) -> Any:
        """Refused before it is read into memory."""
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            limit = MAX_BYTES // (1024 * 1024)
            raise forms.ValidationError(_("El archivo supera los %(limit)s MB.") % {"limit": limit})
        return file


class QuestionForm(forms.Form):
    q = forms.CharField(
        label=_("Pregunta"),
        max_length=MOST_QUESTION,
        help_text=_("Como la haría un cliente."),
        widget=forms.TextInput(attrs={"type": "search", "data-search": True, "autocomplete": "off"}),
    )
    coleccion = forms.ChoiceField(
        label=_("Colección"), required=False, choices=[("", _("Todas menos Shadow RAG")), *Collection.choices]
    )
