"""A development page with every component, to look at them in both themes and at two widths."""

from datetime import timedelta
from types import SimpleNamespace

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone


class SampleForm(forms.Form):
    text = forms.CharField(label="Nombre", help_text="Como lo ve el cliente.")
    phone = forms.CharField(label="Teléfono", required=False, widget=forms.TextInput(attrs={"type": "tel"}))
    choice = forms.ChoiceField(label="Interés", choices=[("", "—"), ("high", "Alto"), ("low", "Bajo")])
    notes = forms.CharField(label="Notas", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    agree = forms.BooleanField(label="Avisar por correo", required=False)


def _bubbles() -> list[SimpleNamespace]:
    now = timezone.now()

    def bubble(minutes: int, direction: str, author: str, text: str, status: str, **more: object) -> SimpleNamespace:
        at = now - timedelta(minutes=minutes)
        base = {"id": minutes, "kind": "text", "author_name": "", "error": "", "cause": "", "receipts": []}
        given = {"direction": direction, "author": author, "text": text, "status": status, "created_at": at}
        return SimpleNamespace(**{**base, **given, **more})

    receipts = [SimpleNamespace(text="Datos del contacto guardados", href="#")]
    return [
        bubble(130, "in", "contact", "Hola, ¿cuánto sale el de 150 litros?", "received"),
        bubble(129, "out", "agent", "Sale $ 890.000.", "read", author_name="Ventas", receipts=receipts),
        bubble(60, "out", "system", "La conversación pasó a una persona.", "sent", cause="pedido del cliente"),
        bubble(4, "out", "user", "Hola, sigo por acá.", "delivered", author_name="Sol"),
        bubble(3, "out", "user", "¿Paso el martes?", "failed", author_name="Sol", error="El número no tiene WhatsApp"),
        bubble(2, "in", "contact", "", "received", kind="unsupported"),
        bubble(1, "out", "agent", "Perfecto, quedo atento.", "queued", author_name="Ventas"),
    ]


def gallery(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    now = timezone.now()
    tabs = [SimpleNamespace(label=name, href="#", current=name == "Nuevo", count=3) for name in ("Todos", "Nuevo")]
    context = {
        "form": SampleForm({"text": "", "phone": "11"}),
        "now": now - timedelta(minutes=5),
        "hours": now - timedelta(hours=3),
        "days": now - timedelta(days=3),
        "bubbles": _bubbles(),
        "tabs": tabs,
        "columns": ["Nombre", "Etapa", "Valor"],
        "rows": [{"name": "Termotanque 150 l", "stage": "Nuevo", "value": "$ 890.000,00"}] * 3,
        "pages": SimpleNamespace(previous="", next="?after=1"),
    }
    return render(request, "components/gallery.html", context)
