"""`python -m benchmarks.scale` makes a year of exchanges in a database of its own, and measures what it changes.

    make 25000 250000          generate these years (`--messages`, `--sealed-values`: less of each, for a small disk)
    pages 25000 250000         every page in the one and in the other; ends with 1 when one grows
    indexes 250000             which indexes the pages used, and which no statement did
    retention 250000           delete what one more day makes due, and count the rows an hour
    queue 25000                10,000 people wait and 500 agents answer: the dispatcher, the waiting room
    all 25000 250000           pages, queue, indexes and retention, one after the other
    drop 250000 · forget       one year; the server and all of its files

Results go to `benchmarks/results/scale-….md`. docs/scale.md says what was found.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.scale import generator, ground, pages
from benchmarks.scale.ground import say
from benchmarks.site import ROOT
from pnav.demo.services import Valkey

ACTS = ["make", "pages", "indexes", "retention", "queue", "all", "drop", "forget"]
RESULTS = ROOT / "benchmarks" / "results"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("years", nargs="*", type=int, help="exchanges a year")
    parser.add_argument("--messages", type=int, default=generator.Shape().messages)
    parser.add_argument("--sealed-values", type=int, default=generator.Shape().sealed_values)
    parser.add_argument("--only", default="", help="part of a page's name, or several between bars")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if options.act == "forget":
        ground.forget()
        return 0
    with (
        ground.server(making=options.act == "make") as postgres,
        tempfile.TemporaryDirectory(prefix="pnav-scale-") as folder,
    ):
        match options.act:
            case "make":
                shape = generator.Shape(messages=options.messages, sealed_values=options.sealed_values)
                for exchanges in options.years:
                    make(postgres, exchanges, shape)
            case "pages":
                small, large = options.years
                return compare(postgres, small, large, Path(folder), options)
            case "indexes" | "retention" | "queue":
                (exchanges,) = options.years
                alone(postgres, exchanges, options.act, options.rounds)
            case "all":
                small, large = options.years
                code = compare(postgres, small, large, Path(folder), options)
                alone(postgres, small, "queue", options.rounds)
                alone(postgres, large, "indexes", options.rounds)
                alone(postgres, large, "retention", options.rounds)
                return code
            case "drop":
                for exchanges in options.years:
                    ground.drop(postgres, exchanges)
    return 0


def make(postgres: "ground.Postgres", exchanges: int, shape: generator.Shape) -> None:
    """Create a year in a process of its own, because Django is set up for one database."""
    from multiprocessing import get_context

    ground.create(postgres, exchanges)
    process = get_context("spawn").Process(
        target=generator.make_year, args=(ground.url_of(postgres, exchanges), exchanges, shape)
    )
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{exchanges} exchanges were not made.")


def alone(postgres: "ground.Postgres", exchanges: int, act: str, rounds: int) -> None:
    """Do what needs one year in a process of its own, because Django is set up for one database."""
    from multiprocessing import get_context

    ground.migrate(postgres, exchanges)
    arguments = (ground.url_of(postgres, exchanges), exchanges, act, rounds)
    process = get_context("spawn").Process(target=ground.alone, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f"{act} of {exchanges} did not end well.")


def compare(postgres: "ground.Postgres", small: int, large: int, folder: Path, options: argparse.Namespace) -> int:
    for exchanges in (small, large):
        ground.migrate(postgres, exchanges)
    stores = [Valkey(folder / str(exchanges)) for exchanges in (small, large)]
    for store, exchanges in zip(stores, (small, large), strict=True):
        (folder / str(exchanges)).mkdir()
        store.start()
    children = []
    try:
        for store, exchanges in zip(stores, (small, large), strict=True):
            children.append(pages.Child(ground.url_of(postgres, exchanges), store.url))
        found = pages.compare(*children, only=options.only, rounds=options.rounds)
        for child in children:
            child.end()
    finally:
        for store in stores:
            store.stop()
    grown = [one for one in found if one.breaches]
    broken = [one for one in grown if not one.bound]
    text = pages.table(found)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"scale-pages-{small}-{large}.md").write_text(text)
    for one in grown:
        for breach in one.breaches:
            say(f"{f'bounded, {one.bound}' if one.bound else 'BREACH'} {one.act}: {breach}")
    for one in found:
        if one.refusals:
            say(f"REFUSED {one.act}: {one.told}, {len(one.refusals)} times {', '.join(sorted(set(one.refusals)))}")
    sys.stdout.write("\n".join(text.splitlines()[:32]) + "\n")
    refused = sum(not one.is_measured for one in found)
    say(
        f"{len(found)} pages, {len(broken)} that grow, {len(grown) - len(broken)} that grow to a bound, {refused} that"
        f" refused, {options.rounds} rounds"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
