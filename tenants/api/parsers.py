"""Reading bodies: bounded, and without what PostgreSQL cannot store, so that a hostile body is a 400 and never a 500."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser as _JSONParser

MOST_DEPTH = 50


class JSONParser(_JSONParser):
    """JSON up to Django's limit for a body, of finite numbers and storable text."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = (parser_context or {})["request"]._request.body  # limited by Django, unlike the stream
        try:
            value = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("El contenido no es JSON válido.")) from error
        _check(value, MOST_DEPTH)
        return value


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise ParseError(_("El contenido tiene demasiados niveles."))
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ParseError(_("El contenido lleva un número demasiado grande."))
    elif isinstance(value, list):
        for each in value:
            _check(each, depth - 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            _check_text(name)
            _check(each, depth - 1)


def _check_text(text: str) -> None:
    # A lone surrogate (written as an escape) and NUL are JSON, but no text of any database.
    if "\x00" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise ParseError(_("El contenido lleva letras que no se pueden guardar."))
