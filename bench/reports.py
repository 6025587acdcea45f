"""Dashboard and reports with a million leads: milliseconds a page and a statement.

`python -m bench.reports [--leads 1000000]`. Informational but for the dashboard, which is opened every day: at most a second.
"""

import argparse
import statistics
import sys

from bench.day import milliseconds, one_by_one
from bench.harness import facts
from bench.million import LEADS, world

GOAL_MS = 1000
DASHBOARD = "/tablero/"
PAGES = (
    DASHBOARD,
    "/tablero/?period=year",
    "/informes/embudo/",
    "/informes/origenes/",
    "/informes/vendedores/",
    "/informes/perdidas/",
    "/informes/pronostico/",
)
TIMES = 7


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=LEADS)
    asked = parser.parse_args()
    with world(asked.leads) as place:
        from tests.support.clients import browser

        print(facts(), flush=True)
        client = browser(place.cast["ana"])
        spent = {}
        for path in PAGES:
            print(path)
            one_by_one(client, path, explain=False)
            found = milliseconds(lambda path=path: client.get(path), TIMES)  # type: ignore[misc]  # bound now
            spent[path] = statistics.median(found)
            print(f"  page: median {spent[path]:.0f} ms, worst {max(found):.0f} ms", flush=True)
    met = spent[DASHBOARD] <= GOAL_MS
    print(f"goal {GOAL_MS} ms for the dashboard: {'met' if met else 'NOT met'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
