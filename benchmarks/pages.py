"""Latency of the visitor's pages against a page that does nothing, in interleaved rounds, one request at a time."""

import argparse
import http.client
import statistics
import time

from benchmarks.site import ROOT, Web, servers

NOTHING = "/health/live"
PAGES = {
    NOTHING: "nothing: the process answers",
    "/": "home",
    "/orientation/": "first question",
    "/point-d-accueil/": "search forms",
    "/point-d-accueil/?q=Saint-Denis": "search of a homonym",
    "/point-d-accueil/?q=51300": "search of a code with 46 communes",
    "/tchat/": "conversation with 20 messages",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=40)
    options = parser.parse_args()
    with servers() as folder:
        from django.conf import settings
        from django.core.management import call_command

        from tests.chat.sockets import visit
        from tests.factories import chat as make

        call_command("import_locations", verbosity=0)
        call_command("build_styles", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        conversation = make.assigned()
        for number in range(20):
            make.message(conversation, f"message {number}")
        cookie = f"{settings.SESSION_COOKIE_NAME}={visit(conversation)}"
        times: dict[str, list[float]] = {path: [] for path in PAGES}
        with Web(folder, "pnav.asgi:application") as web:
            connection = http.client.HTTPConnection("127.0.0.1", web.port)
            for turn in range(options.rounds + 1):
                for path in PAGES:
                    for _each in range(options.requests):
                        headers = {"Cookie": cookie, "Accept-Encoding": "gzip"}
                        started = time.perf_counter()
                        connection.request("GET", path, headers=headers)
                        response = connection.getresponse()
                        response.read()
                        if response.status != 200:
                            raise SystemExit(f"void: {path} answered {response.status}")
                        if turn:  # the first round warms up
                            times[path].append(time.perf_counter() - started)
        lines = ["| page | p50 ms | p99 ms | p50 ÷ nothing |", "|---|---|---|---|"]
        base = statistics.median(times[NOTHING])
        for path, name in PAGES.items():
            values = sorted(times[path])
            middle, high = statistics.median(values), values[int(len(values) * 0.99)]
            lines.append(f"| {name} | {1000 * middle:.1f} | {1000 * high:.1f} | {middle / base:.1f} |")
        text = "\n".join(lines)
        print(text)
        out = ROOT / "benchmarks" / "results"
        out.mkdir(exist_ok=True)
        (out / "pages.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
