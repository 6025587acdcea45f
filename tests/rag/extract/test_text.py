import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.extract import EXTRACTORS, Extractor, Unreadable, extractor_for

TEXT = "Año nuevo, envío gratis — ¿dónde?"


def read(content: bytes) -> str:
    return extractor_for("a.txt").extract(content)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("utf-32"),
        TEXT.encode("cp1252"),
    ],
    ids=["utf8", "utf8-bom", "utf16", "utf16-be", "utf16-le-bare", "utf16-be-bare", "utf32", "cp1252"],
)
def test_text_is_read_in_every_common_encoding(content: bytes) -> None:
    assert read(content) == TEXT


def test_latin1_bytes_that_windows_does_not_know_are_no_error() -> None:
    assert read("señal ".encode("latin-1") + b"\x81") == "señal "


def test_nul_and_invisible_marks_are_removed_and_line_ends_made_one() -> None:
    assert read("uno\r\ndos\rtres\u200b\x07\ufeff fin".encode()) == "uno\ndos\ntres fin"


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 ...", b"PK\x03\x04zip", b"\x89PNG\r\n", bytes(range(32)) * 20, b"\x7fELF\x02"]
)
def test_a_binary_file_named_txt_is_refused_in_plain_words(content: bytes) -> None:
    with pytest.raises(Unreadable, match="no es de texto"):
        extractor_for("foto.txt").check(content)


@pytest.mark.parametrize("content", [b" \n\t ", "\ufeff\u200b".encode()])
def test_a_file_without_text_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable, match="no tiene texto"):
        read(content)


@pytest.mark.parametrize("name", ["virus.exe", "sin_extension", "tabla.xlsx", ".md"])
def test_an_unknown_kind_of_file_is_refused_naming_the_known_ones(name: str) -> None:
    with pytest.raises(Unreadable, match=r"\.txt, \.md"):
        extractor_for(name)


def test_extensions_ignore_case_and_folders() -> None:
    assert extractor_for("C:\\datos\\LISTA.MD").mime == "text/markdown"


def test_every_registered_extractor_is_an_extractor() -> None:
    assert all(key.startswith(".") and issubclass(kind, Extractor) for key, kind in EXTRACTORS.items())


@given(st.binary(max_size=400))
def test_any_bytes_give_clean_text_or_a_plain_refusal(content: bytes) -> None:
    try:
        text = read(content)
    except Unreadable:
        return
    assert text.strip()
    assert "\x00" not in text
    text.encode("utf-8")
