"""The colours of labels and stages in words."""

from django.utils.translation import gettext_lazy as _

from crm.domain.colors import COLORS

WORDS = {
    "slate": _("Gris"),
    "teal": _("Verde azulado"),
    "blue": _("Azul"),
    "violet": _("Violeta"),
    "pink": _("Rosa"),
    "red": _("Rojo"),
    "amber": _("Ámbar"),
    "green": _("Verde"),
}
COLOR_CHOICES = [(each, WORDS[each]) for each in COLORS]
