"""Templates: no word outside the catalogues, nothing a strict content policy would refuse."""

import re

import pytest
from django.template import engines
from django.template.exceptions import TemplateSyntaxError

from tests.architecture.tree import ROOT, name, templates

INLINE = {
    "inline script": re.compile(r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))", re.I),
    "inline style": re.compile(r"<style\b|\sstyle\s*=\s*[\"']", re.I),
    "inline handler": re.compile(r"\son[a-z]+\s*=\s*[\"']", re.I),
    "script address": re.compile(r"javascript:", re.I),
    "evaluated expression": re.compile(r"hx-on|hx-vars|\bjs:", re.I),
    "other origin": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.I),
}
NOT_TEXT = re.compile(
    r"\{% block \w*(?:class|coltype) %\}.*?\{% endblock %\}|\{#.*?#\}|\{% comment.*?endcomment %\}|\{% blocktrans(?:late)?\b.*?\{% endblocktrans(?:late)? %\}"
    r"|<script\b.*?</script>|<style\b.*?</style>|<code\b.*?</code>|<svg\b.*?</svg>|\{%.*?%\}|\{\{.*?\}\}|<!--.*?-->",
    re.S | re.I,
)
TAG = re.compile(r"<[^<>]*>", re.S)
READ_ALOUD = re.compile(r"\b(?:aria-label|title|placeholder|alt)\s*=\s*\"([^\"]*)\"", re.I)
WORD = re.compile(r"[A-Za-zÁÉÍÓÚÜÑáéíóúüñ]{2,}")
NAMES = re.compile(
    r"Sovereign CRM|WhatsApp|Instagram|Facebook|Chatwoot|YCloud|Meta|OpenAI|&\w+;|Español|English|\b(?:Esc|Enter|Ctrl)\b"
)
GALLERIES = ("templates/components/gallery.html", "templates/components/_gallery_row.html")


def test_nothing_is_inline() -> None:
    wrong = [
        f"{name(path)}: {kind}"
        for path in templates()
        if not name(path).startswith("templates/email/")
        for kind, pattern in INLINE.items()
        if pattern.search(re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8")))
    ]
    assert not wrong


def test_no_word_stands_outside_the_catalogues() -> None:
    wrong = {}
    for path in templates():
        if name(path) in GALLERIES or path.name == "500.html":  # developers' page; drawn when nothing else works
            continue
        text = NOT_TEXT.sub(" ", path.read_text(encoding="utf-8"))
        spoken = " ".join(READ_ALOUD.findall(text))
        words = WORD.findall(NAMES.sub(" ", TAG.sub(" ", text) + " " + spoken))
        if words:
            wrong[name(path)] = words[:8]
    assert wrong == {}


def test_every_template_compiles() -> None:
    engine = engines["django"]
    for path in templates():
        try:
            engine.get_template(path.relative_to(ROOT / "templates").as_posix())
        except TemplateSyntaxError as error:
            pytest.fail(f"{name(path)}: {error}")
