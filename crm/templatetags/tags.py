"""Labels of a lead or contact as chips."""

from collections.abc import Sequence

from django import template
from django.template import Context
from django.template.loader import get_template
from django.utils.safestring import SafeString

from crm.domain.colors import color_or_default
from crm.services import tags

register = template.Library()


@register.simple_tag(takes_context=True)
def tag_chips(context: Context, names: Sequence[str], most: int = 0) -> str | SafeString:
    """The labels with their colours; beyond `most` only how many more. One statement a page, and none without labels."""
    if not names:
        return ""
    request = context.get("request")
    colors: dict[str, str] | None = getattr(request, "tag_colors", None)
    if colors is None:
        colors = tags.colors()
        if request is not None:
            request.tag_colors = colors
    shown = list(names)[: most or None]
    chips = [(name, color_or_default(colors.get(name, ""))) for name in shown]
    return get_template("crm/_tag_chips.html").render({"chips": chips, "more": len(names) - len(shown)})
