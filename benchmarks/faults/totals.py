"""Counts how many messages were judged in all, over several commands and days: a file grows by one JSON object a run.

`python -m benchmarks.faults.totals FILE` says what is in it. `… FILE --messages 1000000 --minutes 25` goes on until so
many were judged, with fast runs of every fault at every site and, once, with the proxies of a production. What was done
before counts, and each fault goes on with its next seed.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Sites with few faults come first, so that a short turn reaches them too.
SITES = ("disk", "far-standby", "far", "standby", "one")
WEB = "web"  # the faults of `benchmarks.faults.web_faults`, followed by the name of the proxy


class Totals:
    """The runs in a file. They are read once; runs that another process adds meanwhile count at the next start."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.runs: list[dict[str, Any]] = []
        if self.path.exists():
            self.runs = [json.loads(line) for line in self.path.read_text().splitlines()]

    def add(self, **run: Any) -> None:
        """Add one run. It is written at once, so that it counts whatever ends this process later."""
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "load": round(os.getloadavg()[0], 1), **run}
        self.runs.append(line)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    @property
    def messages(self) -> int:
        """Return how many messages were judged."""
        return sum(run["messages"] for run in self.runs)

    @property
    def broken(self) -> Counter[str]:
        """Return every promise that was broken in one of the runs."""
        return sum((Counter(run["counts"]) for run in self.runs), Counter())

    def seeds(self, site: str, fault: str) -> set[int]:
        """Return the seeds that this fault has run with."""
        return {run["seed"] for run in self.runs if (run["site"], run["fault"]) == (site, fault)}

    def table(self) -> str:
        """Return a row for each fault of a site, and a line for all of them."""
        head = ("site", "fault", "runs", "times", "messages", "acknowledged", "files", "broken promises", "failed")
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        for site, fault in dict.fromkeys((run["site"], run["fault"]) for run in self.runs):
            some = [run for run in self.runs if (run["site"], run["fault"]) == (site, fault)]
            broken = sum((Counter(run["counts"]) for run in some), Counter())
            row = (
                site,
                fault,
                len(some),
                *(sum(run[name] for run in some) for name in ("rounds", "messages", "acknowledged", "files")),
                ", ".join(f"{kind} {count}" for kind, count in broken.items()) or 0,
                sum(bool(run["failure"]) for run in some),
            )
            lines.append("| " + " | ".join(map(str, row)) + " |")
        failed = sum(bool(run["failure"]) for run in self.runs)
        minutes = sum(run["seconds"] for run in self.runs) / 60
        whole = (
            f"{len(self.runs)} runs, {self.messages} messages in {minutes:.0f} minutes, {self.broken.total()} broken"
            f" promises{f' ({dict(self.broken)})' if self.broken else ''}, {failed} failed."
        )
        return "\n".join([*lines, "", whole])

    @property
    def is_clean(self) -> bool:
        return not self.broken and not any(run["failure"] for run in self.runs)


def _commands(path: Path, *, web: bool, minutes: float) -> list[list[str]]:
    """Return the commands of one turn: a run of each fault at each site. web: whether one run behind the proxies is
    among them.
    """
    run = [sys.executable, "-m"]
    limit = ["--minutes", f"{minutes:.2f}", "--totals", str(path), "--seeds", "1"]
    commands = [
        [*run, "benchmarks.faults", "--fast", "--quick", "--site", site, *limit,
         "--out", str(path.with_suffix(f".{site}.json"))]
        for site in SITES
    ]  # fmt: skip
    return [*commands, [*run, "benchmarks.faults.web_faults", *limit]] if web else commands


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--messages", type=int, default=0, help="go on until so many were judged")
    parser.add_argument("--minutes", type=float, default=25, help="begin no run after so many")
    parser.add_argument("--no-web", action="store_false", dest="web", help="without the proxies of a production")
    options = parser.parse_args()
    until = time.monotonic() + 60 * options.minutes
    failed = []
    while Totals(options.file).messages < options.messages and time.monotonic() < until:
        # Runs behind the proxies have few messages, so one is enough.
        web = options.web and not any(run["site"].startswith(WEB) for run in Totals(options.file).runs)
        for number in range(len(_commands(options.file, web=web, minutes=0))):
            left = (until - time.monotonic()) / 60
            if left <= 0 or Totals(options.file).messages >= options.messages:
                break
            command = _commands(options.file, web=web, minutes=left)[number]
            if subprocess.run(command, cwd=ROOT, check=False).returncode:
                failed.append(" ".join(command[2:]))
    totals = Totals(options.file)
    print(f"\n{totals.table()}")
    print("".join(f"ended with an error: {command}\n" for command in failed), end="")
    if not totals.is_clean or totals.messages < options.messages:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
