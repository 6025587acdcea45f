"""Lists of a company with a million leads: a page far down beside the first one, searching, filters, the board.

`python -m bench.lists [--quick]`. Decides: the page at depth 900,000 takes at most 1.5 times the first one in SQL and 1.2 times
end to end (request and drawing included, medians of pairs in the order A B B A); each search answers within 100 ms, end to
end, at its best of five; no list reads a table of more than 10,000 rows without a LIMIT that ends it; at most eight statements each. The filters'
figures are informational.
"""

import json
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.harness import abba, facts, plan, ratio_of
from bench.million import LEADS, World, world

DEPTH = 900_000
SQL_AT_MOST, END_TO_END_AT_MOST, SEARCH_MS, STATEMENTS, SCANNED = 1.5, 1.2, 100.0, 8, 10_000
ROUNDS = 20  # requests of one sample
SEARCHES = {
    "rare word": "c777777",
    "common word": "ferreteria",
    "two words": "ñandú ferre",
    "phone fragment": "10077",
    "phone": "+54 9 341 007-7777",
    "no hit": "zzzz",
}
FILTERS = (
    "/leads/",
    "/leads/?owner=me&status=open",
    "/leads/?owner=none",
    "/leads/?tag=feria",
    "/leads/?source=web",
    "/leads/?city=Rosario",
    "/leads/?stage=negociacion",
    "/leads/?step=none",
    "/leads/?cold=1",
    "/leads/?sort=active",
    "/leads/?created_from=2026-11-01&sort=value",
    "/embudo/",
    "/embudo/?owner=me",
    "/embudo/?q=ferreteria",
)


@dataclass
class Seen:
    """What one request sent: statements with their parameters, and the milliseconds they took together."""

    sql: list[tuple[str, Any]] = field(default_factory=list)
    ms: float = 0.0

    @property
    def all(self) -> int:
        """With BEGIN, the company and COMMIT, which go past the wrapper."""
        return len(self.sql) + 3

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.ms += 1000 * (time.perf_counter() - began)
            self.sql.append((sql, params))


def asked(client: Any, path: str) -> tuple[float, Seen]:
    """Milliseconds of a request to the end of its page, and what it sent."""
    from django.db import connection

    with connection.execute_wrapper(seen := Seen()):
        began = time.perf_counter()
        answer = client.get(path)
        spent = 1000 * (time.perf_counter() - began)
    assert answer.status_code == 200, (path, answer.status_code)
    return spent, seen


def deep_cursor(found: World) -> str:
    """The cursor of the page that begins at DEPTH."""
    from config.lib.keyset import Order, after
    from crm.models import Lead
    from tenants.context import tenant_context

    with tenant_context(found.cast.acme):
        depth = min(DEPTH, found.leads * 9 // 10)
        row = Lead.objects.order_by("-created_at", "-id")[depth : depth + 1][0]
    return after(row, Order())


def compare(client: Any, cursor: str, pairs: int) -> bool:
    """The page far down against the first."""
    pages = {"deep": f"/leads/?cursor={cursor}", "first": "/leads/"}
    sql: dict[str, list[float]] = {name: [] for name in pages}

    def sample(name: str) -> float:
        spent, inside = [], []
        for _each in range(ROUNDS):
            ms, seen = asked(client, pages[name])
            spent.append(ms)
            inside.append(seen.ms)
        sql[name].append(statistics.median(inside))
        return statistics.median(spent)

    for name in pages:
        sample(name)  # warm
    sql = {name: [] for name in pages}
    whole = abba({name: (lambda name=name: sample(name)) for name in pages}, pairs)  # type: ignore[misc]  # bound at once
    in_sql, in_all = ratio_of(sql["deep"], sql["first"]), ratio_of(whole["deep"], whole["first"])
    print(f"first page: {min(sql['first']):.1f} ms in SQL, {min(whole['first']):.1f} ms end to end")
    print(f"page at depth {DEPTH:,}: SQL {in_sql} (≤ {SQL_AT_MOST}), end to end {in_all} (≤ {END_TO_END_AT_MOST})")
    return in_sql.high <= SQL_AT_MOST and in_all.high <= END_TO_END_AT_MOST


def scans(company: Any, seen: Seen) -> list[str]:
    """Tables of more than SCANNED rows that one of these statements would read from beginning to end."""
    from django.db import connection

    from tenants.context import tenant_context

    found: list[str] = []
    with tenant_context(company), connection.cursor() as cursor:
        cursor.execute("select relname from pg_class where reltuples > %s", [SCANNED])
        large = {name for (name,) in cursor.fetchall()}
        for sql, params in seen.sql:
            if sql.lstrip("( ").upper().startswith("SELECT") and "set_config" not in sql:
                cursor.execute(f"explain (format json) {sql}", params)
                told = cursor.fetchone()[0]
                found += [
                    name for name in _scanned(told if isinstance(told, list) else json.loads(told)) if name in large
                ]
    return found


def _scanned(plan: Any) -> Iterator[str]:
    """Tables read by a sequential scan that no LIMIT above it ends: counts stop at counts.MOST, pages at their last row."""
    if isinstance(plan, list):
        for each in plan:
            yield from _scanned(each)
    elif isinstance(plan, dict) and plan.get("Node Type") != "Limit":
        if plan.get("Node Type") == "Seq Scan":
            yield plan["Relation Name"]
        for each in plan.values():
            yield from _scanned(each)


def looked(found: World, clients: dict[str, Any], path: str, *, at_most: float | None = None) -> bool:
    """Print one address for both people; whether it keeps to its bounds."""
    cells, met = [], True
    for name, client in clients.items():
        times = [asked(client, path) for _each in range(5)]
        spent, seen = min(times, key=lambda each: each[0])  # whatever else the machine does only adds
        read = scans(found.cast.acme, seen)
        met = met and not read and seen.all <= STATEMENTS and (at_most is None or spent <= at_most)
        cells.append(
            f"{name} {spent:>5.0f} ms, SQL {seen.ms:>5.0f}, {seen.all} st{' READS ' + ','.join(read) if read else ''}"
        )
    print(f"{path:<52} {'   '.join(cells)}", flush=True)
    return met


def main() -> int:
    chosen = plan(sys.argv[1:])
    with world(LEADS) as found:
        import logging
        from urllib.parse import urlencode

        from tests.support.clients import browser

        logging.getLogger("django").setLevel(logging.ERROR)
        print(facts())
        clients = {name: browser(found.cast[name]) for name in ("ana", "sol")}
        met = compare(clients["ana"], deep_cursor(found), chosen.pairs)
        for path in FILTERS:
            met = looked(found, clients, path) and met
        for _kind, words in SEARCHES.items():
            met = looked(found, clients, f"/leads/?{urlencode({'q': words})}", at_most=SEARCH_MS) and met
    print("met" if met else "MISSED")
    return 0 if met or chosen.quick else 1


if __name__ == "__main__":
    sys.exit(main())
