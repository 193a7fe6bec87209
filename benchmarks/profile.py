"""Shows where a web process spends its time.

`python -m benchmarks.profile [pnav|tutorial|relay] [--connects|--beats]` profiles it at saturation,
while sockets connect, or while sockets only send beats. cProfile sees the thread of the event loop and makes everything
slower, Python's own calls most of all, so one should read the order and not the figures. The processor time of each
thread is printed after it.
"""

import argparse
import asyncio
import os
import pstats
import sys
from pathlib import Path

from benchmarks import bench
from benchmarks.site import Web, stage
from benchmarks.sockets import beats, connect, raise_file_limit, saturate

CONNECTS = 500  # how many conversations connect, each with two sockets
RUNNER = """
import cProfile, threading, time
from daphne.cli import CommandLineInterface
profile = cProfile.Profile()
try:
    profile.runcall(CommandLineInterface.entrypoint)
finally:
    profile.dump_stats({path!r})
    for thread in threading.enumerate():
        seconds = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
        print(f"THREAD {{seconds:8.2f}} s  {{thread.name}}", flush=True)
"""


class Profiled(Web):
    """The same Daphne under cProfile."""

    def _spawn(self, command: list[str | Path], **kwargs: object) -> None:
        arguments = command[3:]  # the arguments after « python -m daphne »
        runner = RUNNER.format(path=str(self.log.with_suffix(".prof")))
        super()._spawn([sys.executable, "-c", runner, *arguments], **kwargs)


async def run(measure: bench.Bench, name: str, seconds: float, what: str) -> Path:
    async with measure.served(name, CONNECTS if what else bench.SMALL) as (webs, pairs):
        took = await connect(pairs)
        if what == "connects":
            print(f"{name}: {2 * len(pairs) / took:.0f} connects/s under the profiler.")
        elif what == "beats":
            await beats(pairs, 2, seconds)
            print(f"{name}: {len(pairs)} beats a second.")
        else:
            load, rate, *_marks = await saturate(pairs, measure.window, seconds, lambda: None)
            print(f"{name}: {rate:.0f} msg/s under the profiler. {load.trouble()}")
    return webs[0].log


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server", nargs="?", default=bench.PNAV, choices=list(bench.APPLICATIONS))
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--connects", dest="what", action="store_const", const="connects", help="while sockets come")
    what.add_argument("--beats", dest="what", action="store_const", const="beats", help="500 beats a second")
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
        measure.prepare(CONNECTS if options.what else bench.SMALL)
        log = asyncio.run(run(measure, options.server, options.seconds, options.what or ""))
        pstats.Stats(str(log.with_suffix(".prof"))).sort_stats(options.sort).print_stats(options.lines)
        print("\n".join(line for line in log.read_text().splitlines() if line.startswith("THREAD")))


if __name__ == "__main__":
    main()
