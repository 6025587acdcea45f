"""Pages: how many statements each address sends with 10 and with 1,000 rows of every model behind it, what drawing fifty
rows costs beside raw SQL and plain strings, and how many inbox pages a second leave the server beside a Django hello.

`python -m bench.pages [--quick]`. Decides: at most 8 statements an address (14 in the admin), the same for 10 and 1,000
rows. The two ratios are informational.
"""

import asyncio
import html
import json
import logging
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from bench.harness import ROOT, Plan, abba, facts, percentile, plan, ratio_of, server, services

if TYPE_CHECKING:
    from tests.budget.crowd import Crowd

MOST, MOST_IN_ADMIN = 8, 14
CONNECTIONS = 20
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
LISTED = """
    select l.id, c.name, s.name, l.interest, o.name, l.source, l.value, l.created_at
    from crm_lead l join crm_contact c on c.id = l.contact_id join crm_stage s on s.id = l.stage_id
    left join crm_seller o on o.id = l.owner_id order by l.created_at desc, l.id desc limit 51
"""
CHATS = """
    select v.id, c.name, v.last_message_preview, v.mode, u.name, v.unread_count, v.channel_source, v.last_message_at
    from messaging_conversation v join crm_contact c on c.id = v.contact_id left join tenants_user u on u.id = v.assignee_id
    where v.status <> 'closed' order by v.last_message_at desc, v.id desc limit 51
"""


def counted(few: "Crowd", many: "Crowd") -> bool:
    """Print the table; whether every address keeps to the budget."""
    from tests.budget.walk import PLAIN, READ, measured

    met = True
    print(f"{'statements with 10 | 1,000 rows, milliseconds with 1,000':<58} ana            sol")
    for address in READ:
        cells = []
        for name in ("ana", "sol"):
            small = measured(address, few, name)
            began = time.perf_counter()
            large = measured(address, many, name)
            spent = 1000 * (time.perf_counter() - began) / max(1, len(large))
            worst = max((seen.count for _status, seen in large.values()), default=0)
            same = all(small[case][1].count == seen.count for case, (_status, seen) in large.items())
            met = met and same and worst <= (MOST_IN_ADMIN if address.is_admin else MOST)
            plain = next((seen.count for (_n, way), (_s, seen) in small.items() if way == PLAIN.name), 0)
            at_most = next((seen.count for (_n, way), (_s, seen) in large.items() if way == PLAIN.name), 0)
            cells.append(f"{plain:>2} | {at_most:>2} {spent:>5.0f} ms{'' if same else ' !'}")
        print(f"{address!s:<58} {'  '.join(cells)}", flush=True)
    return met


# --- drawing ---------------------------------------------------------------------------------------------------
def bare_page(cursor: Any, context: list[Any], query: str) -> str:
    """What cannot be left out: the transaction, the company, one query, fifty escaped rows of text."""
    from tenants.db.base import STATEMENT

    cursor.execute("begin")
    cursor.execute(STATEMENT, context)
    cursor.execute(query)
    rows = cursor.fetchall()
    cursor.execute("commit")
    cells = "".join(f"<tr>{''.join(f'<td>{html.escape(str(value))}</td>' for value in row)}</tr>" for row in rows[:50])
    return f"<!doctype html><html><body><table>{cells}</table></body></html>"


def drawn(chosen: Plan, crowd: "Crowd") -> None:
    """Server time of two pages of fifty rows against the bare page, in this process."""
    import psycopg

    from tests.support.clients import browser

    company = crowd.cast.acme
    context = [f'"{company.schema_name}", public', f"tenant_{company.pk}"]
    client = browser(crowd.cast["ana"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        cursor = connection.cursor()
        for path, query in (("/leads/", LISTED), ("/bandeja/", CHATS)):

            def ours(path: str = path) -> float:
                return _milliseconds(lambda: client.get(path), 20)

            def bare(query: str = query) -> float:
                return _milliseconds(lambda: bare_page(cursor, context, query), 20)

            found = abba({"ours": ours, "bare": bare}, chosen.pairs)
            ratio = ratio_of(found["ours"], found["bare"])
            print(f"{path}: {min(found['ours']):.1f} ms, bare {min(found['bare']):.2f} ms, ratio {ratio} (aim: 4)")


def _milliseconds(work: Any, times: int) -> float:
    began = time.perf_counter()
    for _each in range(times):
        work()
    return 1000 * (time.perf_counter() - began) / times


# --- under load ------------------------------------------------------------------------------------------------
_hello: list[Any] = []


async def hello(scope: Any, receive: Any, send: Any) -> None:
    """Django with its default middleware and one word, served as our pages are."""
    if scope["type"] != "http":
        return
    if not _hello:
        _hello.append(_hello_application())
    await _hello[0](scope, receive, send)


def _hello_application() -> Any:
    from types import ModuleType

    from a2wsgi import WSGIMiddleware
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import HttpRequest, HttpResponse
    from django.urls import path

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("hello")

    urls: Any = ModuleType("urls")
    urls.urlpatterns = [path("", view)]
    apps = ["auth", "contenttypes", "sessions", "messages"]
    settings.configure(
        ROOT_URLCONF=urls,
        MIDDLEWARE=MIDDLEWARE,
        ALLOWED_HOSTS=["*"],
        SECRET_KEY="bench",
        INSTALLED_APPS=[f"django.contrib.{app}" for app in apps],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
    )
    return WSGIMiddleware(get_wsgi_application(), workers=12)  # type: ignore[arg-type]  # a2wsgi's own WSGI types


async def load(port: int, path: str, cookie: str, seconds: float) -> dict[str, float]:
    """A closed loop of CONNECTIONS that each ask again as soon as they are answered."""
    request = f"GET {path} HTTP/1.1\r\nhost: localhost\r\ncookie: session={cookie}\r\n\r\n".encode()
    until, taken = time.perf_counter() + seconds, []

    async def user() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until:
            began = time.perf_counter()
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            if not head.startswith(b"http/1.1 200"):
                raise RuntimeError(head[:200])
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))
            taken.append(1000 * (time.perf_counter() - began))
        writer.close()

    await asyncio.gather(*(user() for _each in range(CONNECTIONS)))
    return {"rate": len(taken) / seconds, "p95": percentile(taken, 0.95)}


def served(chosen: Plan, crowd: "Crowd") -> None:
    """Signed-in inbox pages a second against a Django hello, one server process each."""
    from tests.support.clients import session_of

    cookie, late = session_of(crowd.cast["ana"]), []

    def drive(port: int, path: str, seconds: float) -> dict[str, float]:
        command = [sys.executable, "-m", "bench.pages", "load", str(port), path, cookie, str(seconds)]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        answer: dict[str, float] = json.loads(ran.stdout)
        return answer

    with server("bench.pages:hello") as bare, server("config.asgi:application", ready="/healthz") as ours:

        def inbox() -> float:
            found = drive(ours, "/bandeja/", chosen.sample)
            late.append(found["p95"])
            return found["rate"]

        for port, path in ((ours, "/bandeja/"), (bare, "/")):
            drive(port, path, chosen.warm_up)
        found = abba({"inbox": inbox, "hello": lambda: drive(bare, "/", chosen.sample)["rate"]}, chosen.pairs)
    ratio = ratio_of(found["inbox"], found["hello"])
    print(
        f"/bandeja/ at {CONNECTIONS} connections: {max(found['inbox']):.0f}/s, hello {max(found['hello']):.0f}/s,"
        f" ratio {ratio} (aim: 0.12); p95 {min(late):.0f}-{max(late):.0f} ms (aim: 150)"
    )


# --- all of it -------------------------------------------------------------------------------------------------
def _recording_engine() -> None:
    """The tests' database engine, which tells of BEGIN and COMMIT too."""
    from django.db import connections

    connections.close_all()
    connections.settings["default"]["ENGINE"] = "tests.support.db"
    del connections["default"]


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["load"]:
        port, path, cookie, seconds = arguments[1:]
        print(json.dumps(asyncio.run(load(int(port), path, cookie, float(seconds)))))
        return 0
    chosen = plan(arguments)
    with services():
        _recording_engine()
        logging.disable(logging.CRITICAL)  # refusals are part of the table
        from tests.budget.crowd import make_crowd

        few, many, usual = make_crowd(10), make_crowd(1000), make_crowd(60)
        print(facts(), flush=True)
        met = counted(few, many)
        print(f"statements: {'met' if met else 'NOT met'}", flush=True)
        drawn(chosen, usual)
        served(chosen, usual)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
