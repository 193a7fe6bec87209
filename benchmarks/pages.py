"""Compares the visitor's pages a second with the same pages of a plain Django project under gunicorn's threads.

There is one process of each, pinned to the same core; the client, PostgreSQL and Redis are on the others. Both servers
run all the time and are asked in turn, so that a machine that slows down slows both. `benchmarks.stock` is the plain
project.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.site import ROOT, Web, servers
from benchmarks.stock.sizes import MESSAGES, WAITING

# By page, our address and that of the plain project.
PAGES = {
    "home": ("/", "/"),
    "search, 46 communes": ("/point-d-accueil/?q=51300", "/search/?q=51300"),
    "conversation, in the queue, 20 messages": ("/tchat/", "/chat/"),
}
CONNECTIONS = 8
TICKS = os.sysconf("SC_CLK_TCK")


class Gunicorn(Web):
    """The plain project: one process, with as many threads as Pnav gives its pages."""

    def start(self) -> None:
        from django.conf import settings

        threads = ["--worker-class", "gthread", "--workers", "1", "--threads", str(settings.PAGE_THREADS)]
        address = ["--bind", f"127.0.0.1:{self.port}", "--keep-alive", "75"]
        command: list[str | Path] = [sys.executable, "-m", "gunicorn", *threads, *address, self.application]
        self._spawn(command, cwd=ROOT, env={**os.environ, **self.variables})
        self._wait_until(self._answers)


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Run what is started inside the block on these cores only."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICKS + sum(cpu_seconds(int(child)) for child in children)


def ask(web: Web, path: str, cookie: str, seconds: float, encoding: str) -> tuple[float, float]:
    """Return the requests a second, and the server's processor time for one request in milliseconds."""
    assert web.process is not None
    command = [sys.executable, "-m", "benchmarks.load", str(web.port), path, cookie, str(CONNECTIONS), str(seconds)]
    before = cpu_seconds(web.process.pid)
    printed = subprocess.run([*command, encoding], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    answers = int(printed.split()[0])
    return answers / seconds, 1000 * (cpu_seconds(web.process.pid) - before) / answers


def fill() -> str:
    """Create a person in the queue behind others, with messages, and return the cookie of their visit."""
    from datetime import timedelta

    from django.conf import settings
    from django.core.management import call_command
    from django.utils import timezone

    from tests.chat.sockets import visit
    from tests.factories import chat as make

    for command in ("import_locations", "build_styles", "build_messages"):
        call_command(command, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    for number in range(WAITING):
        conversation = make.waiting(queued_at=timezone.now() - timedelta(minutes=WAITING - number))
    for number in range(MESSAGES):
        make.message(conversation, f"message {number}")
    return f"{settings.SESSION_COOKIE_NAME}={visit(conversation)}"


def fill_stock(url: str) -> str:
    """Create the same for the plain project, in a database of its own."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE stock")
    os.environ["STOCK_DATABASE_URL"] = url.replace("/pnav?", "/stock?")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "benchmarks.stock.settings"}
    command = [sys.executable, "-m", "benchmarks.stock.seed"]
    seeded = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    return f"sessionid={seeded.stdout.strip()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of each measurement")
    parser.add_argument("--encoding", default="", help="Accept-Encoding: the plain project compresses nothing")
    parser.add_argument("--only", default="", help="part of a page's name")
    options = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    web_core, other_cores = {cores[0]}, set(cores[1:] or cores)
    pages = {name: paths for name, paths in PAGES.items() if options.only in name}
    with pinned(other_cores), servers() as folder:
        cookies = fill(), fill_stock(os.environ["DATABASE_URL"])
        ours = Web(folder, "pnav.asgi:application")
        stock = Gunicorn(
            folder, "benchmarks.stock.wsgi:application", DJANGO_SETTINGS_MODULE="benchmarks.stock.settings"
        )
        with pinned(web_core):
            ours.start()
            stock.start()
        try:
            rates: dict[tuple[str, int], list[tuple[float, float]]] = {}
            for turn in range(options.rounds + 1):
                for name, paths in pages.items():
                    for side, web in enumerate((ours, stock)):
                        seconds = options.seconds if turn else 1  # the first round warms up
                        measured = ask(web, paths[side], cookies[side], seconds, options.encoding)
                        if turn:
                            rates.setdefault((name, side), []).append(measured)
        finally:
            stock.stop()
            ours.stop()
    lines = [
        "| page | Pnav, Daphne, /s | plain Django, gunicorn, /s | ratio | CPU ms a page | ratio |",
        "|---|---|---|---|---|---|",
    ]
    for name in pages:
        mine, theirs = rates[name, 0], rates[name, 1]
        ratio = statistics.median(a[0] / b[0] for a, b in zip(mine, theirs, strict=True))
        cpu = statistics.median(a[1] / b[1] for a, b in zip(mine, theirs, strict=True))
        a, b = ([statistics.median(column) for column in zip(*side, strict=True)] for side in (mine, theirs))
        lines.append(f"| {name} | {a[0]:.0f} | {b[0]:.0f} | {ratio:.2f} | {a[1]:.2f} ÷ {b[1]:.2f} | {cpu:.2f} |")
    text = "\n".join(lines)
    print(text)
    out = ROOT / "benchmarks" / "results"
    out.mkdir(exist_ok=True)
    (out / "pages.md").write_text(text + "\n")


if __name__ == "__main__":
    main()
