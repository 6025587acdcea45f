"""Forms of the import's pages: shape only, the rules are in crm.importing."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from crm.importing.mapping import Choices
from crm.models import ImportBatch, Seller


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("Archivo"),
        allow_empty_file=True,
        help_text=_(
            "Planilla .xlsx o CSV, hasta 20 MB y 100.000 filas. La primera fila lleva los nombres de las columnas."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx,text/csv"}),
    )


class ColumnsForm(forms.Form):
    """What each column is, and what happens with whom. A column's field is `c0`, `c1`… in the file's order."""

    policy = forms.ChoiceField(
        label=_("Si la persona ya existe"), choices=ImportBatch.Policy.choices, widget=forms.RadioSelect
    )
    makes_leads = forms.BooleanField(
        label=_("Crear un lead por persona"),
        required=False,
        help_text=_("Quien ya tiene un lead de ese origen no recibe otro."),
    )
    source = forms.CharField(
        label=_("Origen"), required=False, max_length=60, help_text=_("Para las filas que no traen uno.")
    )
    labels = forms.CharField(
        label=_("Etiquetas para todos"), required=False, max_length=400, help_text=_("Separadas por comas.")
    )
    owner = forms.ModelChoiceField(
        Seller.objects.none(),
        label=_("Vendedor de los leads nuevos"),
        required=False,
        empty_label=_("Según las reglas de asignación"),
    )

    def __init__(self, data: Any, *, batch: ImportBatch, known: Choices) -> None:
        options = batch.options
        initial: dict[str, Any] = {
            "policy": batch.policy,
            "makes_leads": batch.makes_leads,
            "source": options.get("source", ""),
            "labels": ", ".join(options.get("tags", [])),
            "owner": options.get("owner") or None,
        }
        super().__init__(data, initial=initial)
        self.columns: Sequence[str] = batch.columns
        self.sample: list[list[str]] = batch.sample
        self.fields["owner"].queryset = Seller.objects.filter(is_active=True)  # type: ignore[attr-defined]  # a ModelChoiceField
        choices = [("", _("No importar")), *known.labels.items()]
        for number, heading in enumerate(batch.columns):
            self.fields[f"c{number}"] = forms.ChoiceField(
                label=heading, required=False, choices=choices, initial=batch.mapping.get(heading, "")
            )

    def clean(self) -> dict[str, Any]:
        """Two columns for one field are marked where they are."""
        chosen = [self.cleaned_data.get(f"c{number}") for number in range(len(self.columns))]
        for number, field in enumerate(chosen):
            if field and field in chosen[:number]:
                self.add_error(f"c{number}", _("Dos columnas no pueden ir al mismo campo."))
        return self.cleaned_data

    def rest(self) -> list[BoundField]:
        """The fields that are not columns."""
        return [self[name] for name in ("policy", "makes_leads", "source", "labels", "owner")]

    def lines(self) -> list[tuple[BoundField, list[str]]]:
        """Each column's field, with what the first rows have there."""
        return [
            (self[f"c{number}"], [row[number] for row in self.sample[:3] if number < len(row) and row[number]])
            for number in range(len(self.columns))
        ]

    def mapping(self) -> dict[str, str]:
        return {heading: self.cleaned_data[f"c{number}"] for number, heading in enumerate(self.columns)}


class ExportForm(forms.Form):
    """How the file should be."""

    FORMATS = (
        ("csv", _("CSV con comas")),
        ("csv-semicolon", _("CSV con punto y coma, para Excel en español")),
        ("xlsx", _("Planilla de Excel (.xlsx)")),
    )
    format = forms.ChoiceField(label=_("Formato"), choices=FORMATS, initial="csv", widget=forms.RadioSelect)
