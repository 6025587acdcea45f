"""What browsers tell of a broken content policy: one short line each, without secrets, and not many."""

import json

import pytest
from django.test import Client

from config import reports
from tests.support.clients import browser


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(reports.log, "warning", lambda text, *values: lines.append(text % values))
    monkeypatch.setattr(reports, "rate", reports.Rate(reports.LINES_PER_MINUTE))
    return lines


def report(body: object, kind: str = "application/csp-report") -> int:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    return client.generic("POST", "/csp-report/", raw, content_type=kind, secure=True).status_code


OLD = {
    "csp-report": {
        "document-uri": "https://crm.example/bandeja/0b9e3c1e-9d3c-4c8e-8f57-1c1d0a2b3c4d/?token=hush#hush",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.example/x.js?key=hush",
        "script-sample": "hush",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {"documentURL": "/leads/42/", "effectiveDirective": "img-src", "blockedURL": "inline"},
    }
]


def test_a_broken_rule_is_told_in_one_line_without_secrets(told: list[str]) -> None:
    assert report(OLD) == 204
    assert report(NEW, "application/reports+json") == 204
    assert told == [
        "page /bandeja/…/: script-src-elem refused https://evil.example",
        "page /leads/…/: img-src refused inline",
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[1, {}]",
        b"{",
        b"[" * 5000,
        b'{"csp-report": 7}',
        b'{"csp-report": {"document-uri": ["x"]}}',
        b"\xff\xfe",
    ],
)
def test_an_odd_report_breaks_nothing(told: list[str], body: bytes) -> None:
    assert report(body) == 204


def test_no_report_writes_lines_of_its_own_into_the_log(told: list[str]) -> None:
    report({"csp-report": {"document-uri": "/a\n2026 ERROR root hacked\x1b[2J", "effective-directive": "x\r\ny"}})
    (line,) = told
    assert not set("\r\n\x1b") & set(line)


def test_reports_are_few_and_small(told: list[str]) -> None:
    for _each in range(100):
        assert report(OLD) == 204
    assert len(told) == reports.LINES_PER_MINUTE
    assert report(b"x" * (reports.MOST_BYTES + 1)) == 413
    told.clear()
    assert report(NEW * 1000) in (204, 413)
    assert told == []


def test_pages_name_the_place_for_reports(db: None) -> None:
    headers = browser().get("/login/", secure=True).headers
    assert "report-uri /csp-report/" in headers["Content-Security-Policy"]
    assert "report-to csp" in headers["Content-Security-Policy"]
    assert headers["Reporting-Endpoints"] == 'csp="/csp-report/"'
