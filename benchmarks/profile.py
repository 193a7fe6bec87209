"""Where a web process spends its time at saturation: `python -m benchmarks.profile [pnav|tutorial|relay]`.

cProfile makes everything slower, Python's own calls most of all: read the order, not the figures. Only the thread of
the event loop is seen.
"""

import argparse
import asyncio
import os
import pstats
import sys
from pathlib import Path

from benchmarks import bench
from benchmarks.site import Web, stage
from benchmarks.sockets import connect, raise_file_limit, saturate

RUNNER = """
import atexit, cProfile, signal, sys
from daphne.cli import CommandLineInterface
profile = cProfile.Profile()
try:
    profile.runcall(CommandLineInterface.entrypoint)
finally:
    profile.dump_stats({path!r})
"""


class Profiled(Web):
    """The same Daphne, under cProfile."""

    def _spawn(self, command: list[str | Path], **kwargs: object) -> None:
        arguments = command[3:]  # after « python -m daphne »
        runner = RUNNER.format(path=str(self.log.with_suffix(".prof")))
        super()._spawn([sys.executable, "-c", runner, *arguments], **kwargs)


async def run(measure: bench.Bench, name: str, seconds: float) -> Path:
    async with measure.served(name, bench.SMALL) as (webs, pairs):
        await connect(pairs)
        load, rate, *_marks = await saturate(pairs, measure.window, seconds, lambda: None)
        print(f"{name}: {rate:.0f} msg/s under the profiler. {load.trouble()}")
    return webs[0].log.with_suffix(".prof")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", nargs="?", default=bench.PNAV, choices=list(bench.APPLICATIONS))
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--lines", type=int, default=40)
    parser.add_argument("--sort", default="tottime", help="tottime, cumtime, ncalls")
    options = parser.parse_args()
    raise_file_limit()
    _web, other = bench.cores()
    if other:
        os.sched_setaffinity(0, other)
    bench.Web = Profiled  # type: ignore[misc]
    with stage() as ground:
        measure = bench.Bench(ground, bench.QUICK, window=4, verbose=True)
        measure.prepare(bench.SMALL)
        path = asyncio.run(run(measure, options.server, options.seconds))
        pstats.Stats(str(path)).sort_stats(options.sort).print_stats(options.lines)


if __name__ == "__main__":
    main()
