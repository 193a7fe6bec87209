"""Measures how long a web process takes for a TLS handshake, and how often longer than the proxies wait.

`python -m benchmarks.handshakes` starts one process of pages over TLS, as the image does. A prober opens a connection
twenty times a second, as a proxy does for a request, and ends it once the handshake is done. Meanwhile nobody asks for
anything (calm); people ask for pages as fast as they are answered (pages); or they do so while every core of the
machine has other work (busy). The process is also replaced again and again, to time the first handshakes after it began
to listen, alone and on a busy machine. A proxy that waits longer than `tls_timeout` of deploy/Caddyfile marks the
process as failed.
"""

import argparse
import asyncio
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.faults.processes import ROOT, Site, site
from benchmarks.faults.web_faults import WebOverTls
from benchmarks.figures import percentile

EVERY_SECONDS = 0.05
PATIENCE_SECONDS = 30.0  # what takes the prober longer counts as this long
AFTER_START_SECONDS = 2.0  # the time in which handshakes are counted, from the first connection that is accepted
LIMITS = (0.5, 1.0, 1.5, 2.0, 3.0)
BUSY = "while True: sum(range(10000))"


async def handshake(port: int, context: ssl.SSLContext) -> float:
    """Return the seconds from the connection to the end of the handshake. Raises OSError when it ends otherwise."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            _reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="web")
    except TimeoutError:
        return PATIENCE_SECONDS
    writer.transport.abort()
    return time.monotonic() - began


async def probe(port: int, context: ssl.SSLContext, seconds: float) -> tuple[list[float], float]:
    """Do a handshake at each tick, whether or not earlier ones are done; return their seconds, and how late the prober
    was.
    """
    asked: list[asyncio.Task[float]] = []
    late = 0.0
    until = due = time.monotonic()
    until += seconds
    while due < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        late = max(late, time.monotonic() - due)
        asked.append(asyncio.ensure_future(handshake(port, context)))
        due += EVERY_SECONDS
    done = await asyncio.gather(*asked, return_exceptions=True)
    return [one for one in done if isinstance(one, float)], late


async def ask_on(port: int, context: ssl.SSLContext) -> None:
    """Ask for pages, one after the other on connections that are kept, as a proxy does; open a new one when one is
    closed.
    """
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\n\r\n"
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="web")
            while True:
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                if b"content-length: " not in head:
                    break
                await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.05)


async def crowd(port: int, context: ssl.SSLContext, people: int) -> None:
    await asyncio.gather(*(ask_on(port, context) for _person in range(people)))


@contextmanager
def beside(commands: list[list[str]]) -> Iterator[None]:
    """Run other processes while the block runs."""
    running = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.wait()


def _described(name: str, found: list[float], late: float) -> dict[str, object]:
    over = {f"{limit}": sum(one > limit for one in found) for limit in LIMITS}
    quantiles = {f"p{100 * q:g}": round(1000 * percentile(found, q), 1) for q in (0.5, 0.99, 0.999)} if found else {}
    row = {
        "what": name, "handshakes": len(found), **quantiles, "max": round(1000 * max(found, default=0)), "over": over,
        "late": round(1000 * late),
    }  # fmt: skip
    print(json.dumps(row), flush=True)
    return row


def measure(made: Site, options: argparse.Namespace) -> list[dict[str, object]]:
    from deploy import authority

    tls = made.folder / "tls"
    authority.make(tls, now=datetime.now(UTC), owners=dict.fromkeys(authority.PARTS, os.geteuid()))
    context = ssl.create_default_context(cafile=str(tls / "proxy/authority.pem"))
    web = WebOverTls(made.folder, tls, "pages")
    web.own["STATIC_ROOT"] = str(made.folder / "static")
    asking = [sys.executable, "-m", "benchmarks.handshakes", "--people", str(options.people)]
    busy = [[sys.executable, "-c", BUSY] for _each in range(options.busy * (os.cpu_count() or 1))]
    rows = []
    try:
        web.start()
        pages = [[*asking, "--port", str(web.port), "--trusting", str(tls / "proxy/authority.pem")]]
        for name, commands in (("calm", []), ("pages", pages), ("pages, busy machine", [*pages, *busy])):
            with beside(commands):
                rows.append(_described(name, *asyncio.run(probe(web.port, context, options.seconds))))
        for name, commands in (("just started", []), ("just started, busy machine", busy)):
            found: list[float] = []
            late = 0.0
            with beside(commands):
                for _turn in range(options.starts):
                    web.stop()
                    web.start()
                    some, its = asyncio.run(probe(web.port, context, AFTER_START_SECONDS))
                    found += some
                    late = max(late, its)
            rows.append(_described(name, found, late))
    finally:
        web.stop()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30, help="of each of the first three")
    parser.add_argument("--starts", type=int, default=8)
    parser.add_argument("--people", type=int, default=8, help="who ask for pages, each again once answered")
    parser.add_argument("--busy", type=int, default=2, help="processes of other work for each core")
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "handshakes.json")
    # Only the processes that this one starts are given it.
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--trusting", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.port:
        context = ssl.create_default_context(cafile=str(options.trusting))
        asyncio.run(crowd(options.port, context, options.people))
        return
    with site() as made:
        rows = measure(made, options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
