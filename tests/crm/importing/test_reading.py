"""Files as they really come: what can be read is read, what is broken is one row's error."""

import tracemalloc
import zipfile
from collections.abc import Iterable
from pathlib import Path

import openpyxl
import pytest

from config.lib.errors import Invalid
from crm.domain.spreadsheet import Rounded, whole_number
from crm.importing import reading
from tests.crm.importing.sheets import csv_of, xlsx_of


def read(tmp_path: Path, content: bytes) -> tuple[list[str], list[reading.Line]]:
    path = tmp_path / "sheet"
    path.write_bytes(content)
    found = reading.look(path)
    return found.columns, list(reading.lines(path, found.shape))


def cells(lines: Iterable[reading.Line]) -> list[list[str]]:
    return [line.cells for line in lines if not line.problem]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_accents_survive_every_encoding(tmp_path: Path, encoding: str) -> None:
    columns, lines = read(tmp_path, csv_of("Nombre;Teléfono", "Ñandú Güiraldes;1", encoding=encoding))
    assert columns == ["Nombre", "Teléfono"]
    assert cells(lines) == [["Ñandú Güiraldes", "1"]]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_also_when_cells_hold_others(tmp_path: Path, separator: str) -> None:
    rows = [["nombre", "valor", "nota"], ["Ana", "1,5", "a; b"], ["Beto", "2,5", "c; d"]]
    content = "\n".join(separator.join(f'"{cell}"' for cell in row) for row in rows).encode()
    assert cells(read(tmp_path, content)[1]) == rows[1:]


def test_a_hint_of_excel_is_no_heading(tmp_path: Path) -> None:
    assert read(tmp_path, b"sep=;\nNombre;Tel\nAna;1\n")[0] == ["Nombre", "Tel"]


def test_quotes_line_breaks_and_inches(tmp_path: Path) -> None:
    lines = read(tmp_path, b'n,t\n"Ana ""la"" Uno\nDos, Tres",1\nTele 24",2\n')[1]
    assert cells(lines) == [['Ana "la" Uno\nDos, Tres', "1"], ['Tele 24"', "2"]]


@pytest.mark.parametrize(
    ("rows", "broken"),
    [
        (["n,t", '"abierta,1', "Ana,2", "Beto,3"], [2]),
        (["n,t", "Ana,2", '"abierta,1'], [3]),
        (["n,t", '"a"b,1', "Ana,2"], [2]),
        (["n,t", '"abierta,1', "Ana,+5491155550001", '"Beto",2'], [2]),
        (["n,t", '"uno,11 5555 0001', "dos,11 5555 0002", 'tres,11 5555 0003",x', "Ana,1"], [2, 4]),
        (["n,t", "a,b,c", "Ana,2"], [2]),
        (["n,t", "solo", "Ana,2"], [2]),
    ],
)
def test_a_broken_row_does_not_take_the_others_with_it(tmp_path: Path, rows: list[str], broken: list[int]) -> None:
    lines = read(tmp_path, csv_of(*rows))[1]
    assert [line.number for line in lines if line.problem] == broken
    assert [line.number for line in lines] == list(range(2, len(rows) + 1))


def test_empty_rows_and_cells_at_the_end_are_passed_over(tmp_path: Path) -> None:
    columns, lines = read(tmp_path, csv_of(";;", "Nombre;Tel;;", "Ana;1;;", ";;;", "", "Beto;2;;"))
    assert columns == ["Nombre", "Tel"]
    assert [(line.number, line.cells) for line in lines] == [(3, ["Ana", "1"]), (6, ["Beto", "2"])]


def test_headings_tell_columns_apart(tmp_path: Path) -> None:
    assert read(tmp_path, b"Tel,,Tel\n1,2,3\n")[0] == ["Tel", "Columna 2", "Tel (2)"]


def test_a_row_with_letters_of_another_encoding_is_its_own_error(tmp_path: Path) -> None:
    content = csv_of("Nombre,Tel", *["Ñandú,1"] * 5) + b"\r\nMu\xf1oz,2"
    lines = read(tmp_path, content)[1]
    assert [bool(line.problem) for line in lines] == [False] * 5 + [True]


def test_an_exports_quote_before_a_formula_goes_again(tmp_path: Path) -> None:
    assert cells(read(tmp_path, b"n,t\n'=A1,'+5491155550001\n''=x,'hola\n")[1]) == [
        ["=A1", "+5491155550001"],
        ["'=x", "'hola"],
    ]


@pytest.mark.parametrize(
    ("raw", "whole"),
    [("5491123456789.0", "5491123456789"), ("5491123456789,00", "5491123456789"), ("5,491123456789E+12", "5491123456789"),
     ("+54 11 5555", "+54 11 5555"), ("1.5", "1.5"), ("", "")],
)  # fmt: skip
def test_numbers_of_spreadsheets_become_digits_again(raw: str, whole: str) -> None:
    assert whole_number(raw) == whole


@pytest.mark.parametrize("raw", ["5.49113E+12", "5,49E12", "5e+12"])
def test_lost_digits_are_never_made_up(raw: str) -> None:
    with pytest.raises(Rounded):
        whole_number(raw)


# --- xlsx --------------------------------------------------------------------------------------------------------
def test_cells_of_xlsx_become_what_a_person_reads(tmp_path: Path) -> None:
    rows = [["Nombre", "Tel", "Nota", None], ["Ñandú", 5491155550001, 1.5], [None, None], ["Sí", True, "=1+1"]]
    assert cells(read(tmp_path, xlsx_of(rows))[1]) == [["Ñandú", "5491155550001", "1.5"], ["Sí", "true", "=1+1"]]


def test_the_first_sheet_with_rows_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.create_sheet("Personas").append(["Nombre"])
    book["Personas"].append(["Ana"])
    book.save(tmp_path / "sheet")
    found = reading.look(tmp_path / "sheet")
    assert (found.shape.sheet, found.columns) == ("Personas", ["Nombre"])


def rezipped(content: bytes, tmp_path: Path, change: dict[str, bytes]) -> bytes:
    source, target = tmp_path / "source.zip", tmp_path / "target.zip"
    source.write_bytes(content)
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in {*old.namelist(), *change}:
            new.writestr(name, change[name] if name in change else old.read(name))
    return target.read_bytes()


ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst>&a;</sst>'


@pytest.mark.parametrize(
    "change",
    [
        {"xl/sharedStrings.xml": ENTITY},
        {"xl/sharedStrings.xml": ENTITY.decode().encode("utf-16")},
        {"xl/sharedStrings.xml": b"<sst>" + b" " * (61 * 1024 * 1024) + b"</sst>"},
        {"xl/workbook.xml": b"<no"},
        {
            "xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row><c t='s'><v>99999</v></c></row></sheetData></worksheet>"
        },
    ],
    ids=["entity", "entity-utf16", "bomb", "broken", "dangling"],
)
def test_a_hostile_workbook_is_refused_in_words(tmp_path: Path, change: dict[str, bytes]) -> None:
    with pytest.raises(Invalid) as refused:
        read(tmp_path, rezipped(xlsx_of([["Nombre"], ["Ana"]]), tmp_path, change))
    assert refused.value.code == "unreadable_file"


@pytest.mark.parametrize(
    "content", [b"", b"  \n", b"%PDF-1.4", b"\xd0\xcf\x11\xe0", b"PK\x03\x04", b"Nombre\n", b"<html>"]
)
def test_what_is_no_sheet_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(Invalid):
        read(tmp_path, content)


def test_a_sheet_of_too_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 3)
    with pytest.raises(Invalid):
        read(tmp_path, csv_of("n", "a", "b", "c", "d"))


def test_reading_takes_the_same_memory_however_long_the_file_is(tmp_path: Path) -> None:
    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        path.write_text("n,t\n" + '"José, el de la feria",+5491155550001\n' * rows)
        tracemalloc.start()
        found = reading.look(path)
        assert sum(1 for _line in reading.lines(path, found.shape)) == rows
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)  # what is imported and cached at the first time
    assert peak(5_000) < peak(500) * 1.5
