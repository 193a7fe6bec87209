"""Renews the internal certificate authority under traffic: `python -m benchmarks.faults.renewal`, a part of `make
faults`.

All connections use TLS, as in docker-compose.yml: PostgreSQL with deploy/pg_hba.conf, Redis with its accounts, two
hosts of web processes, and the proxy in front of them. The three steps of docs/adr/0093 take a minute, because the
authority is told that days have passed. After each step the health checks of production run. The proxy reads at its
start whom it trusts, so it is started again, and every connection to PostgreSQL and Redis is ended once, so that new
connections use the new certificates.

Redis has to support TLS, and the Valkey of the wheel does not. `redis-server` and `redis-cli` are taken from the PATH,
as in Debian 13 (8.0.2), or from the folder that REDIS_PROGRAMS names.
"""

import argparse
import asyncio
import os
import pwd
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import redis
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from psycopg import sql
from redis.backoff import NoBackoff
from redis.retry import Retry

from benchmarks.faults import checker, records, web_judge
from benchmarks.faults.journal import Event, Journal
from benchmarks.faults.processes import ROOT, Database, Site, _Restartable, site
from benchmarks.faults.reverse_proxy import PROXIES, NoProxy, ReverseProxy
from benchmarks.faults.web_faults import (
    AFTER_SECONDS,
    CALM_SECONDS,
    PAIRS,
    WITHOUT_SOCKET,
    Door,
    Host,
    Reader,
    gather,
    served,
)
from deploy import authority
from pnav.demo.services import free_port, postgres_programs

WORD = "a-password-for-runs-of-renewal-only"  # the password of both servers
# An account that asks whether Redis answers, and ends its connections.
EXAMINER = "user examiner on nopass ~* &* +@all\n"
DAYS_LEFT = 52  # the age of the certificates at the beginning: the next ones are due, and nobody shows them yet
SHOWN_AT, ENDED_AT = timedelta(days=8), timedelta(days=DAYS_LEFT + 1)
BETWEEN_SECONDS = 5.0  # the time between two steps; `web` looks at its files every two seconds
RUN_SECONDS = 180.0
SETTLED_SECONDS = 15.0  # the time until all processes show the certificates that they should
PROXY_AWAY, PROXY_BACK = "proxy away", "proxy back"
STARTED_AGAIN = "the proxy started again"


class NoRedis(RuntimeError):
    """No Redis that supports TLS was found; the message says what to do."""


def redis_programs() -> Path:
    """Return the folder of `redis-server` and `redis-cli`. Raises NoRedis."""
    named = os.environ.get("REDIS_PROGRAMS")
    found = shutil.which("redis-server", path=named) and shutil.which("redis-cli", path=named)
    if not found:
        raise NoRedis(
            "No redis-server with redis-cli: apt-get install redis-server, or name their folder in REDIS_PROGRAMS."
        )
    return Path(found).parent


class Inside:
    """The certificates of a site on the day when the run begins: they have 52 days left."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="pnav-inside-"))
        self.home.chmod(0o711)  # PostgreSQL, which does not run as root, has to reach its own folder inside
        self.tls = self.home / "tls"
        self.began = datetime.now(UTC)
        me = os.geteuid()
        self.owners = dict.fromkeys(authority.PARTS, me)
        if me == 0:
            self.owners["postgres"] = pwd.getpwnam("nobody").pw_uid
        made_on = self.began - authority.LASTS + timedelta(days=DAYS_LEFT)
        authority.make(self.tls, now=made_on, owners=self.owners)
        authority.write_accounts(self.tls, WORD, owners=self.owners)
        for folder in (self.tls, *self.tls.iterdir()):
            folder.chmod(0o755)
        self.accounts = self.home / "users.acl"
        self.accounts.write_text((self.tls / "redis/users.acl").read_text() + EXAMINER)
        self.before = self.home / "before"
        shutil.copytree(self.tls, self.before)

    def step(self, after: timedelta) -> str:
        """Return what the authority does when this time has passed since the beginning."""
        return authority.renew(self.tls, now=self.began + after, owners=self.owners)

    def authorities(self, tls: Path) -> list[x509.Certificate]:
        """Return the authorities that all processes trust, the oldest first."""
        state = authority.read_state(tls)
        assert state is not None
        return state.authorities

    def trusting_the_newest(self) -> Path:
        """Return a file that holds only the newest authority. A server that is trusted with it shows a certificate of
        that one.
        """
        file = self.home / "newest.pem"
        file.write_bytes(self.authorities(self.tls)[-1].public_bytes(Encoding.PEM))
        return file

    def remove(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)


class SecureDatabase(Database):
    """PostgreSQL as docker-compose.yml starts it: TLS, deploy/pg_hba.conf, a password."""

    def __init__(self, state: Path, inside: Inside) -> None:
        self.inside, self.port = inside, free_port()
        its = inside.tls / "postgres"
        super().__init__(
            state, listen_addresses="127.0.0.1", port=str(self.port), ssl="on", ssl_min_protocol_version="TLSv1.3",
            ssl_ca_file=str(its / "authority.pem"), ssl_cert_file=str(its / "certificate.pem"),
            ssl_key_file=str(its / "key.pem"),
        )  # fmt: skip
        self.options["hba_file"] = str(inside.home / "pg_hba.conf")
        shutil.copy(ROOT / "deploy/pg_hba.conf", inside.home / "pg_hba.conf")
        (inside.home / "pg_hba.conf").chmod(0o644)

    def start(self) -> None:
        super().start()
        with self.administered() as connection:
            connection.execute(sql.SQL("ALTER ROLE pnav PASSWORD {}").format(sql.Literal(WORD)))

    def administered(self) -> psycopg.Connection[Any]:
        """Connect by its own socket, as somebody in its container does."""
        return psycopg.connect(self._maintenance_url, autocommit=True)

    @property
    def url(self) -> str:
        own = self.inside.tls / "owner"
        return (
            f"postgres://pnav:{WORD}@localhost:{self.port}/pnav?sslmode=verify-full&sslrootcert={own}/authority.pem"
            f"&sslcert={own}/certificate.pem&sslkey={own}/key.pem"
        )

    def let_in(self, own: Path, trusting: Path) -> bool:
        """Return whether the server accepts a client with the certificate of this folder, and the client, who trusts
        only that file, accepts the server.
        """
        try:
            psycopg.connect(
                host="localhost", port=self.port, user="pnav", password=WORD, dbname="pnav", sslmode="verify-full",
                sslrootcert=str(trusting), sslcert=str(own / "certificate.pem"), sslkey=str(own / "key.pem"),
                connect_timeout=10,
            ).close()  # fmt: skip
        except psycopg.OperationalError:
            return False
        return True

    def check_health(self) -> None:
        """Run deploy/postgres-health.sh, which reads renewed certificates again."""
        assert self.sockets is not None
        _run(
            "postgres-health.sh", postgres_programs(), PGHOST=str(self.sockets), PGPORT=str(self.port),
            POSTGRES_USER="pnav", POSTGRES_DB="pnav", TLS=str(self.inside.tls / "postgres"),
            READ_AT=str(self.inside.home / "postgres-read"),
        )  # fmt: skip

    def end_connections(self) -> None:
        with self.administered() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = 'pnav' AND pid <> pg_backend_pid() AND client_addr IS NOT NULL"
            )

    def serials(self) -> set[int]:
        """Return the serial numbers of the certificates that the clients show who are connected over the network."""
        with self.administered() as connection:
            rows = connection.execute(
                "SELECT DISTINCT client_serial::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                " WHERE client_serial IS NOT NULL"
            ).fetchall()
        return {int(serial) for (serial,) in rows}


class SecureRedis(_Restartable):
    """Redis as docker-compose.yml starts it: with TLS only, and with the accounts of deploy/authority.py."""

    def __init__(self, folder: Path, inside: Inside) -> None:
        self.inside, self.port = inside, free_port()
        self.log = folder / "redis.log"
        self.folder = folder

    def start(self) -> None:
        its = self.inside.tls / "redis"
        command = [
            redis_programs() / "redis-server", "--save", "", "--appendonly", "no", "--slowlog-log-slower-than", "-1",
            "--port", "0", "--tls-port", str(self.port), "--bind", "127.0.0.1", "--tls-protocols", "TLSv1.3",
            "--tls-ca-cert-file", its / "authority.pem", "--tls-cert-file", its / "certificate.pem",
            "--tls-key-file", its / "key.pem", "--tls-auth-clients", "yes", "--aclfile", self.inside.accounts,
            "--dir", self.folder,
        ]  # fmt: skip
        self._spawn(command, cwd="/")
        self._wait_until(lambda: self.lets_in(self.inside.tls / "web", self.inside.tls / "web/authority.pem"))

    @property
    def url(self) -> str:
        own = self.inside.tls / "web"
        return (
            f"rediss://pnav:{WORD}@localhost:{self.port}/0?ssl_ca_certs={own}/authority.pem"
            f"&ssl_certfile={own}/certificate.pem&ssl_keyfile={own}/key.pem"
        )

    def _examiner(self, own: Path, trusting: Path) -> redis.Redis:
        return redis.Redis(
            host="localhost", port=self.port, username="examiner", ssl=True, ssl_ca_certs=str(trusting),
            ssl_certfile=str(own / "certificate.pem"), ssl_keyfile=str(own / "key.pem"), retry=Retry(NoBackoff(), 0),
        )  # fmt: skip

    def lets_in(self, own: Path, trusting: Path) -> bool:
        """Return whether it accepts this certificate, as `SecureDatabase.let_in` does."""
        client = self._examiner(own, trusting)
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
        finally:
            client.close()

    def check_health(self) -> None:
        """Run deploy/redis-health.sh, which reads renewed certificates and accounts again."""
        _run(
            "redis-health.sh", redis_programs(), TLS=str(self.inside.tls / "redis"), REDIS_PORT=str(self.port),
            READ_AT=str(self.inside.home / "redis-read"),
        )  # fmt: skip

    def end_connections(self) -> None:
        own = self.inside.tls / "web"
        client = self._examiner(own, own / "authority.pem")
        for kind in ("normal", "pubsub"):
            client.client_kill_filter(_type=kind, skipme=True)
        client.close()

    def version(self) -> str:
        own = self.inside.tls / "web"
        client = self._examiner(own, own / "authority.pem")
        try:
            return str(client.info("server")["redis_version"])
        finally:
            client.close()


def _run(script: str, programs: Path, **environment: str) -> None:
    """Run a health check of deploy/ with these programs. Raises RuntimeError with its message."""
    path = f"{programs}:{os.environ['PATH']}"
    command = ["sh", str(ROOT / "deploy" / script)]
    done = subprocess.run(command, env={"PATH": path, **environment}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{script}: {done.stderr or done.stdout}")


def is_shown_by(port: int, trusting: Path) -> bool:
    """Return whether the web process at this port shows a certificate of the authority in this file."""
    context = ssl.create_default_context(cafile=str(trusting))
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as line:
            context.wrap_socket(line, server_hostname="web").close()
    except OSError:
        return False
    return True


def without_the_proxys_absence(events: list[Event]) -> tuple[list[Event], int]:
    """Return the events without requests and handshakes that failed because the proxy was being started again, and how
    many those were.
    """
    marks = {PROXY_AWAY: [], PROXY_BACK: []}  # type: dict[str, list[float]]
    for event in events:
        if event["e"] == "mark" and event["name"] in marks:
            marks[event["name"]].append(event["t"])
    absences = list(zip(marks[PROXY_AWAY], marks[PROXY_BACK], strict=True))

    def met(event: Event) -> bool:
        is_asked = event["e"] in {"asked", "shook"}
        return is_asked and any(event["began"] <= back and event["t"] >= away for away, back in absences)

    left = [event for event in events if not met(event)]
    return left, len(events) - len(left)


class Renewal:
    """The steps, while people write. missed: what was not as it must be, in words."""

    def __init__(self, made: Site, inside: Inside, hosts: list[Host], proxy: ReverseProxy, journal: Journal) -> None:
        self.inside, self.hosts, self.proxy, self.journal = inside, hosts, proxy, journal
        self.postgres: SecureDatabase = made.postgres
        self.redis: SecureRedis = made.valkey
        self.missed: list[str] = []
        self.lasted: dict[str, float] = {}

    def _expect(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait, in a thread, until this is true."""
        began = time.monotonic()
        while not is_so():
            if time.monotonic() - began > SETTLED_SECONDS:
                self.missed.append(f"not seen: {what}")
                return
            time.sleep(0.1)
        self.lasted[what] = time.monotonic() - began

    def step(self, word: str, after: timedelta) -> None:
        """Do one day of the authority, and the health checks that follow it, in a thread."""
        done = self.inside.step(after)
        if word not in done:
            self.missed.append(f"the authority did not say « {word} », but « {done} »")
        self.postgres.check_health()
        self.redis.check_health()

    def restart_proxy(self) -> None:
        """Restart the proxy, in a thread, as its health check does when the trusted authorities have changed since its
        start.
        """
        self.journal.note("mark", name=PROXY_AWAY)
        began = time.monotonic()
        self.proxy.stop()
        self.proxy.start()
        self.journal.note("mark", name=PROXY_BACK)
        self.lasted[STARTED_AGAIN] = max(self.lasted.get(STARTED_AGAIN, 0.0), time.monotonic() - began)

    def end_connections(self) -> None:
        """End all connections to both servers, in a thread, so that new ones are made now."""
        self.postgres.end_connections()
        self.redis.end_connections()

    async def go(self) -> None:
        inside, tls = self.inside, self.inside.tls
        own, before = tls / "owner", inside.before / "owner"
        old = x509.load_pem_x509_certificate((before / "certificate.pem").read_bytes()).serial_number
        self.journal.note("mark", name="fault")

        await asyncio.to_thread(self.step, "prepared", timedelta())
        await asyncio.to_thread(self.restart_proxy)
        await asyncio.sleep(BETWEEN_SECONDS)

        await asyncio.to_thread(self.step, "shown", SHOWN_AT)
        newest = await asyncio.to_thread(inside.trusting_the_newest)
        await asyncio.to_thread(
            self._expect, "PostgreSQL shows its new certificate", lambda: self.postgres.let_in(own, newest)
        )
        await asyncio.to_thread(
            self._expect, "Redis shows its new certificate", lambda: self.redis.lets_in(tls / "web", newest)
        )
        for process in (process for host in self.hosts for process in host.all):
            port = process.port
            await asyncio.to_thread(
                self._expect, "web shows its new certificate", lambda port=port: is_shown_by(port, newest)
            )
        # A client that shows the old certificate, and has read its files since the first step, is still accepted.
        await asyncio.to_thread(
            self._expect, "PostgreSQL takes the old one", lambda: self.postgres.let_in(before, own / "authority.pem")
        )
        await asyncio.to_thread(
            self._expect,
            "Redis takes the old one",
            lambda: self.redis.lets_in(inside.before / "web", tls / "web/authority.pem"),
        )
        await asyncio.sleep(BETWEEN_SECONDS)
        await asyncio.to_thread(self.end_connections)
        await asyncio.to_thread(
            self._expect,
            "all connections to PostgreSQL show the new one",
            lambda: bool(found := self.postgres.serials()) and old not in found,
        )
        await asyncio.sleep(BETWEEN_SECONDS)

        await asyncio.to_thread(self.step, "trusted no more", ENDED_AT)
        await asyncio.to_thread(self.restart_proxy)
        await asyncio.to_thread(
            self._expect,
            "PostgreSQL refuses the old one",
            lambda: not self.postgres.let_in(before, own / "authority.pem"),
        )
        await asyncio.to_thread(
            self._expect,
            "Redis refuses the old one",
            lambda: not self.redis.lets_in(inside.before / "web", tls / "web/authority.pem"),
        )
        await asyncio.to_thread(self.end_connections)
        await asyncio.sleep(BETWEEN_SECONDS)


async def run_once(
    made: Site, inside: Inside, hosts: list[Host], proxy: ReverseProxy, seed: int, journal: Journal
) -> list[str]:
    """Do one whole renewal, and return what went wrong, in words."""
    rng = random.Random(f"renewal {seed}")
    keys = await asyncio.to_thread(records.make_conversations, PAIRS + WITHOUT_SOCKET)
    door = Door(proxy.port)
    people = gather(door, keys, journal, rng)
    reader = Reader(keys[0], "reporter", "pages", door, journal, random.Random(rng.random()))
    renewal = Renewal(made, inside, hosts, proxy, journal)
    people.start()
    try:
        async with asyncio.timeout(RUN_SECONDS):
            await people.connected()
            reader.start()
            people.write()
            await asyncio.sleep(CALM_SECONDS + 0.5 * rng.random())
            await renewal.go()
            journal.note("mark", name="repaired")
            await asyncio.sleep(AFTER_SECONDS)
            await people.fall_silent()
            await people.settled(patience=12, at_most=60)
    except TimeoutError:
        renewal.missed.append("the run did not end in time")
    finally:
        journal.note("mark", name="end")
        await people.fall_silent()
        if reader.task is not None:
            await reader.stop()
        await people.leave()
    await asyncio.to_thread(records.note_kept, journal, [key.conversation for key in keys])
    verdict = checker.check(journal.events)
    events, absent = without_the_proxys_absence(journal.events)
    found = web_judge.judge(events)
    missed = [*renewal.missed, *(f"{count} {kind}" for kind, count in verdict.counts.items())]
    # The time of a slow page says nothing here, and a socket cannot be back before the proxy is.
    missed += web_judge.breaches(replace(found, left=0.0), unnoticed=True)
    absence = renewal.lasted.get(STARTED_AGAIN, 0.0)
    if found.median_back > web_judge.BACK_WITHIN_SECONDS + absence:
        missed.append(f"sockets back after {found.median_back:.1f} s, {absence:.1f} of them without a proxy")
    back = f"{found.median_back:.2f} / {max(found.back):.2f}" if found.back else "–"
    print(
        f"seed {seed}: {verdict.sent} messages, {verdict.acknowledged} acknowledged,"
        f" {dict(verdict.counts) or 'nothing broken'}; {found.asked} requests, {found.handshakes} handshakes, refused"
        f" {dict(found.refused) or 0}, and {absent} that met no proxy; {len(found.back)} sockets back {back} s, slowest"
        f" {found.slowest:.2f} s.",
        flush=True,
    )
    print("".join(f"    {what}: {seconds:.1f} s\n" for what, seconds in renewal.lasted.items()), end="", flush=True)
    print("".join(f"    {example}\n" for example in verdict.examples[:4]), end="", flush=True)
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--proxy", choices=list(PROXIES), default="caddy")
    parser.add_argument("--out", type=Path, default=ROOT / ".local" / "renewal")
    parser.add_argument("--keep", action="store_true", help="keep what the processes wrote")
    options = parser.parse_args()
    try:
        PROXIES[options.proxy].program()
        redis_programs()
    except (NoProxy, NoRedis) as error:
        print(f"A renewal is not tried on this machine: {error}")
        return
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    checker.self_test()
    all_missed: Mapping[int, list[str]] = {}
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        inside, journal = Inside(), Journal()
        try:
            with (
                site(
                    logs=options.out if options.keep else None,
                    make_postgres=lambda state, inside=inside: SecureDatabase(state, inside),  # type: ignore[misc]
                    make_redis=lambda folder, inside=inside: SecureRedis(folder, inside),  # type: ignore[misc]
                ) as made,
                served(made, PROXIES[options.proxy], inside.tls) as (hosts, proxy),
            ):
                print(f"{options.proxy}, Redis {made.valkey.version()}", flush=True)
                missed = asyncio.run(run_once(made, inside, hosts, proxy, seed, journal))
        finally:
            inside.remove()
        if missed:
            journal.write(options.out.with_name(f"{options.out.name}-{seed}.jsonl"))
            all_missed = {**all_missed, seed: missed}
    if all_missed:
        raise SystemExit("\n".join(f"seed {seed}: {what}" for seed, missed in all_missed.items() for what in missed))


if __name__ == "__main__":
    main()
