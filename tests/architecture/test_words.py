"""Every sentence a person reads exists in Spanish and in English, and lives in a catalogue."""

import ast
import re
from functools import cache

from babel.messages.pofile import read_po
from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation.template import templatize

from tenants.admin_site import site
from tests.architecture.tree import APPS, ROOT, calls, name, python_files, templates, text_of

GETTEXT = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
IN_TEMPLATE = re.compile(
    r"""(?:\b(?P<many>n?p?gettext)|\b_)\(\s*u?(?P<text>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""", re.S
)
QUOTED = r"""u?('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
PAIR_IN_TEMPLATE = re.compile(rf"ngettext\(\s*{QUOTED}\s*,\s*{QUOTED}", re.S)
SPANISH = re.compile(
    r"(?i)[ñ¿¡áéíóú]|\b(el|los|las|una|del|que|para|con|por|está|esta|este|sin|hay|más|su|sus|y|o)\b(?=.*\b\w+)"
)
MARKS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
# Spelt alike in both languages, or names.
SAME = frozenset({"no", "español"})


@cache
def english() -> dict[str, str]:
    found: dict[str, str] = {}
    for source in sorted(ROOT.glob("*/locale/en/LC_MESSAGES/django.po")):
        with open(source, "rb") as file:
            for message in read_po(file, locale="en"):
                if message.id and not message.fuzzy:
                    ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
                    texts = message.string if isinstance(message.string, tuple | list) else (message.string,) * len(ids)
                    found.update(zip(ids, texts, strict=False))
    return found


def english_pairs() -> set[tuple[str, str]]:
    """What is there with its plural: a sentence alone does not answer for one and many."""
    found = set()
    for source in sorted(ROOT.glob("*/locale/en/LC_MESSAGES/django.po")):
        with open(source, "rb") as file:
            for message in read_po(file, locale="en"):
                if isinstance(message.id, tuple | list) and all(message.string) and not message.fuzzy:
                    found.add((message.id[0], message.id[1]))
    return found


def sentences_in_code() -> dict[str, str]:
    found = {}
    for path in python_files():
        for called, call in calls(path):
            for argument in call.args[: GETTEXT.get(called, 0)]:
                if text := text_of(argument):
                    found[text] = name(path)
    return found


def sentences_in_templates() -> dict[str, str]:
    found = {}
    for path in templates():
        for match in IN_TEMPLATE.finditer(templatize(path.read_text(encoding="utf-8"))):
            text = ast.literal_eval(match["text"])
            if text.strip():
                found[text] = name(path)
    return found


def test_every_sentence_of_the_code_is_translated() -> None:
    missing = {text: where for text, where in sentences_in_code().items() if not english().get(text)}
    assert missing == {}


def test_every_sentence_of_the_templates_is_translated() -> None:
    missing = {text: where for text, where in sentences_in_templates().items() if not english().get(text)}
    assert missing == {}


def test_one_and_many_are_translated_together() -> None:
    pairs = {}
    for path in python_files():
        for called, call in calls(path):
            if GETTEXT.get(called) == 2:
                one, many = (text_of(argument) for argument in call.args[:2])
                if one and many:
                    pairs[one, many] = name(path)
    for path in templates():
        for match in PAIR_IN_TEMPLATE.finditer(templatize(path.read_text(encoding="utf-8"))):
            pairs[ast.literal_eval(match[1]), ast.literal_eval(match[2])] = name(path)
    known = english_pairs()
    assert len(pairs) > 20
    assert {pair: where for pair, where in pairs.items() if pair not in known} == {}


def test_no_english_sentence_is_left_in_spanish() -> None:
    left = {
        source: text
        for source, text in english().items()
        if text and text.lower() not in SAME and SPANISH.search(text) and (text == source or _mostly_spanish(text))
    }
    assert left == {}


def _mostly_spanish(text: str) -> bool:
    return len(re.findall(r"(?i)[ñ¿¡]|\b(el|los|las|una|del|que|para|con|por|está|hay|más|sus)\b", text)) >= 2


def test_apps_and_models_are_named_in_both_languages() -> None:
    """The admin shows these names; one that is not lazily translated stays in Spanish."""
    ours = [config for config in apps.get_app_configs() if config.name.split(".")[0] in APPS]
    plain = [config.name for config in ours if not isinstance(config.verbose_name, Promise)]
    plain += [
        model._meta.label
        for config in ours
        for model in config.get_models()
        if model in site._registry and "verbose_name" in model._meta.original_attrs
        if not isinstance(model._meta.verbose_name, Promise)
    ]
    assert plain == []


def test_placeholders_survive_the_translation() -> None:
    wrong = {
        source: text
        for source, text in english().items()
        if text and not set(MARKS.findall(text)) <= set(MARKS.findall(source)) | {"%(count)d", "%(counter)s"}
    }
    assert wrong == {}


def test_no_sentence_is_written_twice_in_different_english() -> None:
    """Two apps may translate the same words; the catalogues are merged, so they must say the same."""
    seen: dict[str, tuple[str, str]] = {}
    differing = {}
    for source in sorted(ROOT.glob("*/locale/en/LC_MESSAGES/django.po")):
        with open(source, "rb") as file:
            for message in read_po(file, locale="en"):
                if not message.id or isinstance(message.id, tuple | list):
                    continue
                first = seen.setdefault(message.id, (str(message.string), name(source)))
                if first[0] != message.string:
                    differing[message.id] = (*first, message.string, name(source))
    assert differing == {}
