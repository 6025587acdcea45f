"""The words of our templates: icons, buttons, form controls, marks of messages and people."""

from dataclasses import dataclass

from django import forms, template
from django.forms.boundfield import BoundField
from django.forms.utils import flatatt
from django.template import Context
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.lib import sentences

register = template.Library()

SILENT = SafeString('aria-hidden="true"')
BUTTONS = {
    "primary": "btn btn-primary",
    "quiet": "btn btn-quiet",
    "ghost": "btn btn-ghost",
    "danger": "btn btn-danger",
    "needs": "btn btn-needs",
    "ai": "btn btn-ai",
}


@dataclass(frozen=True)
class Tick:
    """How a message's delivery state is drawn and said."""

    icon: str
    words: Promise
    bad: bool = False


TICKS = {
    "received": Tick(icon="check", words=_("Recibido")),
    "queued": Tick(icon="clock", words=_("En cola")),
    "sending": Tick(icon="send", words=_("Enviando")),
    "sent": Tick(icon="check", words=_("Enviado")),
    "delivered": Tick(icon="check-check", words=_("Entregado")),
    "read": Tick(icon="check-check", words=_("Leído")),
    "failed": Tick(icon="circle-alert", words=_("No se pudo enviar"), bad=True),
    "unknown": Tick(icon="circle-help", words=_("Sin confirmar")),
    "cancelled": Tick(icon="ban", words=_("Cancelado")),
}


@register.simple_tag
def icon(name: str, css: str = "", label: str = "") -> SafeString:
    """A Lucide icon of the built sprite; without `label` it is decoration and hidden from screen readers."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else SILENT
    return format_html(
        '<svg class="icon {}" {}><use href="{}#{}"></use></svg>', css, spoken, static("dist/icons.svg"), name
    )


@register.simple_tag(name="button")
def button_tag(
    label: str,
    icon: str = "",
    kind: str = "quiet",
    type: str = "submit",
    href: str = "",
    small: bool = False,
    icon_only: bool = False,
    **attributes: object,
) -> SafeString:
    """A button, or a link that looks like one. Other names become attributes: hx_post → hx-post."""
    css = BUTTONS[kind] + (" btn-sm" if small else "") + (" only-icon" if icon_only else "")
    extra = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items() if value not in (None, "")}
    context = {
        "label": label,
        "icon": icon,
        "css": css,
        "type": type,
        "href": href,
        "icon_only": icon_only,
        "attributes": flatatt(extra),
    }
    return get_template("components/button.html").render(context)  # type: ignore[return-value]  # autoescaped


@register.simple_tag
def control(field: BoundField, **attributes: object) -> SafeString:
    """A form field's control with our classes; Django adds the links to help and errors."""
    extra = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    css = _control_class(field.field.widget)
    own = str(field.field.widget.attrs.get("class", ""))
    return field.as_widget(attrs={**extra, "class": f"{css} {own}".strip()})


def _control_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "checkbox"
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return ""
    if isinstance(widget, forms.Select):
        return "select"
    if isinstance(widget, forms.Textarea):
        return "textarea"
    if isinstance(widget, forms.FileInput):
        return "file-input w-full"
    return "input"


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def is_group(field: BoundField) -> bool:
    return isinstance(field.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)


@register.filter
def tick(status: str) -> Tick | None:
    return TICKS.get(status)


@register.filter
def initials(name: str | None) -> str:
    """ "Ana María Paz" → "AP"; "·" when there is no name."""
    words = [word for word in (name or "").split() if word[0].isalnum()]
    if not words:
        return "·"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def dash(value: object) -> object:
    """No data is "—"; zero stays 0."""
    return "—" if value is None or value == "" or value == [] else value


@register.filter
def worded(text: str | None) -> str:
    """A stored sentence of ours in the reader's language. Never for what a customer or a person of the team wrote."""
    return sentences.worded(text or "")


@register.simple_tag(takes_context=True)
def may(context: Context, permission: str) -> bool:
    """Whether the signed-in member may do this: for showing or hiding, never instead of the view's own check."""
    member = getattr(context.get("request"), "member", None)
    return bool(member and member.may(permission))
