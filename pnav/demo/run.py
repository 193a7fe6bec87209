"""Runs the whole site on this machine (`make run`), with nothing to install or configure before.

It starts PostgreSQL and Valkey from Python wheels, prepares the database, loads the places and creates the accounts of
the demonstration. Then it starts a process for sockets, one for pages, the worker, and the process that accepts
connections at PORT (`pnav.demo.front`), and prints the addresses. When it is interrupted, it stops all of them.

Environment variables: PORT (8000), DATA (a folder of official files to load). Its data are in `.local/`.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from types import FrameType
from typing import IO, Any

from django.core.management.base import CommandError

from pnav.demo import environment
from pnav.demo.services import Postgres, Service, ServiceError, Valkey
from pnav.server.lines import ADOPTION_VARIABLE
from pnav.server.process_role import ProcessRole
from pnav.server.serving import daphne_arguments
from reports.seal import custody
from reports.seal.sealing import PrivateKey

ROOT = Path(__file__).resolve().parents[2]
STATE = environment.STATE
DEMO = STATE / "demo.json"


class Daphne(Service):
    """It is a web process of one role, to which connections are handed over.

    Its access log is off, because such a log contains addresses.
    """

    def __init__(self, state: Path, role: ProcessRole) -> None:
        self.role = role
        self.log = state / f"{role}.log"
        # The path of a Unix socket, which must be short. Only `wait` connects to it.
        self.path = Path(tempfile.mkdtemp(prefix="pnav-web-")) / "socket"
        self.end, self._other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def start(self) -> None:
        """Start the process without waiting for it, so that several can start together; `wait` waits."""
        with self._other_end as end:
            self._spawn(
                [sys.executable, "-m", "daphne", *daphne_arguments("pnav.asgi:application", path=str(self.path))],
                cwd=ROOT,
                env={**os.environ, "PROCESS_ROLE": self.role, ADOPTION_VARIABLE: str(end.fileno())},
                pass_fds=[end.fileno()],
            )

    def wait(self) -> None:
        """Wait until the process takes connections."""
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.connect(str(self.path))
            return True
        return False

    def stop(self, sig: int = signal.SIGTERM) -> None:
        """Stop the process, and remove its socket."""
        super().stop(sig)
        self.end.close()
        shutil.rmtree(self.path.parent, ignore_errors=True)


class Front(Service):
    """It is the process that listens at PORT and hands each connection to the process that serves it."""

    def __init__(self, state: Path, port: int, pages: Daphne, sockets: Daphne) -> None:
        self.log = state / "front.log"
        self.port = port
        self.ends = {"pages": pages.end, "sockets": sockets.end}

    def start(self) -> None:
        """Start the process, and wait until it takes connections."""
        ends = [part for name, end in self.ends.items() for part in (f"--{name}", str(end.fileno()))]
        self._spawn(
            [sys.executable, "-m", "pnav.demo.front", "--port", str(self.port), *ends],
            cwd=ROOT,
            pass_fds=[end.fileno() for end in self.ends.values()],
        )
        self._wait_until(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


class Worker(Service):
    """It is the process that distributes the queue, ends leases and deletes what has to go: `manage.py run_worker`."""

    def __init__(self, state: Path) -> None:
        self.log = state / "worker.log"

    def start(self) -> None:
        """Start the process."""
        self._spawn([sys.executable, "manage.py", "run_worker"], cwd=ROOT)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _remembered(name: str, make: Any) -> Any:
    """Return the content of `.local/<name>`, which `make` creates at the first run, readable by this user only."""
    path = STATE / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(json.dumps(make()))
    return json.loads(path.read_text())


def _new_settings() -> dict[str, str]:
    key = urlsafe_b64encode(secrets.token_bytes(32)).decode()
    return {"SECRET_KEY": secrets.token_urlsafe(60), "CONTENT_KEYS": f"demo:{key}"}


def _new_digest_key() -> str:
    """Draw the key that signs the digests of the audit log."""
    return urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _new_metrics_token() -> str:
    """Draw the token that /metrics requires."""
    return secrets.token_urlsafe(30)


def _new_seal() -> dict[str, Any]:
    """Make a key of the seal with its three shares and their passphrases, which production never has in one place."""
    key = PrivateKey.generate()
    phrases = [" ".join(secrets.token_hex(4) for _word in range(4)) for _custodian in range(3)]
    cost = custody.Cost(iterations=3, memory_kib=64 * 1024, lanes=4)  # the least that RFC 9106 recommends
    files = custody.split_key(key, passphrases=phrases, threshold=2, cost=cost)
    shares = [{"passphrase": phrase, "share": file.text} for phrase, file in zip(phrases, files, strict=True)]
    return {"public_key": key.public_key.text, "shares": shares}


def _write_shares(seal: dict[str, Any]) -> None:
    """Write each share to a file of its own, as `open_sealed` reads them."""
    folder = STATE / "sceau"
    folder.mkdir(mode=0o700, exist_ok=True)
    for number, share in enumerate(seal["shares"], 1):
        path = folder / f"part-{number}.txt"
        path.touch(mode=0o600)
        path.write_text(share["share"])


def _fingerprint(folder: Path) -> str:
    """Return a hash that changes when a file of the folder is added, removed or changed."""
    digest = hashlib.sha256(str(folder).encode())
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            digest.update(f"{path.relative_to(folder)}:{status.st_size}:{status.st_mtime_ns}".encode())
    return digest.hexdigest()


def _once(name: str, fingerprint: str, work: Any) -> None:
    """Do the work unless it has already been done for this fingerprint."""
    path = STATE / "done.json"
    done = json.loads(path.read_text()) if path.exists() else {}
    if done.get(name) != fingerprint:
        work()
        done[name] = fingerprint
        path.write_text(json.dumps(done))


def _prepare(data: Path | None, port: int) -> dict[str, Any]:
    """Prepare the database, the places, the static files and the accounts; return the contents of `demo.json`.

    All of it runs in this process, so that Django is loaded only once.
    """
    from pnav.pages.build.translations import compile_messages

    compile_messages(ROOT / "pnav" / "locale")
    import django
    from django.core.management import call_command
    from django.db import connection, connections

    django.setup()
    from pnav.demo.cast import accounts_of, as_json, create_cast, create_macros, new_secrets

    call_command("migrate", verbosity=0)
    embedded = _fingerprint(ROOT / "locations" / "data")
    _once("embedded", embedded, lambda: call_command("import_locations"))
    if data is not None:
        # The official files are loaded after the embedded set, whenever that is loaded again, because they replace it.
        files = embedded + _fingerprint(data)
        _once(f"data:{data}", files, lambda: call_command("import_locations", "--from", str(data)))
    sources = "".join(map(_fingerprint, (ROOT / "static", ROOT / "templates", ROOT / "pnav")))
    _once("static", sources, _collect_static)
    secrets_of_cast = _remembered("cast.json", new_secrets)
    if newcomers := new_secrets().keys() - secrets_of_cast.keys():  # parts of the site that a later version has added
        secrets_of_cast |= {name: secret for name, secret in new_secrets().items() if name in newcomers}
        (STATE / "cast.json").write_text(json.dumps(secrets_of_cast))
    cast = hashlib.sha256(json.dumps(secrets_of_cast).encode()).hexdigest()
    _once("cast", cast, lambda: create_cast(secrets_of_cast))  # seven password hashes take some seconds
    _once("macros", "1", create_macros)
    accounts = accounts_of(secrets_of_cast)
    base_url = f"http://localhost:{port}"
    connections.close_all()
    connection.close_pool()  # type: ignore[attr-defined]
    return as_json(base_url, accounts)


def _collect_static() -> None:
    from django.core.management import call_command

    call_command("build_styles", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def _start(service: Service, services: list[Service]) -> None:
    services.append(service)
    service.start()


def _show(demo: dict[str, Any]) -> None:
    from pnav.accounts.models import Role  # models can only be imported once Django is loaded

    base = demo["base_url"]
    _say(f"\n  Site        {base}/\n  Console     {base}/console/\n  Admin       {base}/admin/\n")
    _say("  Comptes de démonstration (mot de passe, puis code à six chiffres) :")
    for account in demo["accounts"]:
        _say(
            f"    {str(Role(account['role']).label).lower():<26} {account['username']:<12} {account['password']:<18}"
            f" TOTP {account['totp_secret']}"
        )
    _say("\n  Sceau : trois parts dans .local/sceau/, dont deux ouvrent (phrases de passe dans .local/demo.json).")
    _say("  Mesures : /metrics, avec le jeton metrics_token de .local/demo.json.")
    _say("  Empreintes signées du registre : .local/empreintes.txt.")
    _say("\n  Un code tout de suite, dans un autre terminal : make code USER=police1")
    _say("  (ou une application TOTP, avec le secret ci-dessus)")
    _say("  Des personnes fictives qui écrivent aux agents, dans un autre terminal : make sandbox")
    _say("  Ces comptes sont aussi dans .local/demo.json.  Ctrl-C arrête tout.\n")


def _hold() -> IO[str] | None:
    """Lock the folder of this demonstration, and return the open lock file; None while another run holds the lock.

    The lock lasts until the file is closed, at the latest when this process ends or is killed.
    """
    lock = (STATE / "run.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _forget_files() -> None:
    """Delete the files that tell others of this site, which does not answer any more."""
    DEMO.unlink(missing_ok=True)
    environment.forget()


def main() -> int:
    """Run until interrupted. Returns 0 when it was stopped, 1 when something did not start or has died."""
    port = int(os.environ.get("PORT") or 8000)
    data = Path(os.environ["DATA"]).resolve() if os.environ.get("DATA") else None
    if data is not None and not data.is_dir():
        _say(f"DATA : le dossier {data} n'existe pas.")
        return 1
    STATE.mkdir(exist_ok=True)
    if (lock := _hold()) is None:
        where = f", à l'adresse {json.loads(DEMO.read_text())['base_url']}/" if DEMO.exists() else ""
        _say(f"make run tourne déjà dans ce dossier{where}. Ctrl-C, dans son terminal, l'arrête.")
        return 1
    with lock:
        return _run(port, data)


def _run(port: int, data: Path | None) -> int:
    """Start everything, wait, and stop everything. The folder is locked by the caller."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            _say(f"Le port {port} est déjà pris : PORT=8123 make run en choisit un autre.")
            return 1
    _forget_files()  # a run that was killed may have left them

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
    # Set explicitly, because a shell starts background processes with this signal ignored.
    signal.signal(signal.SIGINT, interrupt)
    started = time.monotonic()
    services: list[Service] = []
    status = 0
    try:
        postgres, valkey = Postgres(STATE), Valkey(STATE)
        if not (STATE / "settings.json").exists():
            postgres.forget()  # `.local` was deleted, and without its keys the data cannot be decrypted
        _start(postgres, services)
        _start(valkey, services)
        if postgres.as_root:
            _say(
                f"Lancé par root : les données de PostgreSQL sont dans {postgres.home}, hors de tout dossier personnel."
            )
        seal = _remembered("seal.json", _new_seal)
        _write_shares(seal)
        os.environ.update(
            _remembered("settings.json", _new_settings),
            SEAL_PUBLIC_KEY=seal["public_key"],
            REGISTER_DIGEST_KEY=_remembered("digest_key.json", _new_digest_key),
            METRICS_TOKEN=_remembered("metrics_token.json", _new_metrics_token),
            DEMO="1",
            EXCHANGE_KEYS="write",  # no process of an older version runs beside these
            IDENTITY_KEYS="write",
            SESSION_SEAL="cookie",
            DATABASE_STATEMENT_SECONDS="0",  # this process migrates and imports; the web and the worker get the default
            DATABASE_URL=postgres.url,
            REDIS_URL=valkey.url,
            ALLOWED_HOSTS="localhost,127.0.0.1",
            CAPTURES_DIR=str(STATE.resolve() / "captures"),
            DJANGO_SETTINGS_MODULE="pnav.settings",
        )
        os.environ.setdefault("LOG_LEVEL", "INFO")
        os.environ.setdefault("REGISTER_DIGEST_TO", f"file:{STATE.resolve() / 'empreintes.txt'}")
        _say("Préparation de la base, des lieux et des comptes…")
        demo = _prepare(data, port)
        del os.environ["DATABASE_STATEMENT_SECONDS"]
        webs = [Daphne(STATE, role) for role in (ProcessRole.PAGES, ProcessRole.SOCKETS)]
        for web in webs:
            _start(web, services)
        _start(Worker(STATE), services)
        for web in webs:
            web.wait()
        _start(Front(STATE, port, *webs), services)
        environment.write()
        # This file is written last, so that a script that waits for it finds a site that answers.
        DEMO.touch(mode=0o600)
        phrases = [share["passphrase"] for share in seal["shares"]]
        kept = {"seal_passphrases": phrases, "metrics_token": os.environ["METRICS_TOKEN"]}
        DEMO.write_text(json.dumps({**demo, **kept}, indent=2))
        _show(demo)
        _say(f"Prêt en {time.monotonic() - started:.1f} s.")
        while all(service.process and service.process.poll() is None for service in services):
            time.sleep(0.5)
        dead = next(service for service in services if not service.process or service.process.poll() is not None)
        _say(f"{type(dead).__name__} s'est arrêté : voir {dead.log.relative_to(ROOT)}.")
        status = 1
    except (ServiceError, CommandError, subprocess.CalledProcessError) as error:
        _say(str(error))
        status = 1
    except KeyboardInterrupt:
        _say("\nArrêt…")
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        _forget_files()
        for service in reversed(services):
            service.stop()
    return status


if __name__ == "__main__":
    sys.exit(main())
