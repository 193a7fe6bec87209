"""What the image, Kubernetes and systemd start: `python -m pnav.server.entry web`, `worker` or `migrate`.

- `web`: Daphne with the options of docs/operations.md. WEB_PORT, WEB_INTERFACE, WEB_CERTIFICATE and WEB_KEY say where
  it listens, PROCESS_ROLE what it serves.
- `worker`: `manage.py run_worker`, with what is written behind it.
- `migrate`: the schema, that of the keys' own server where there is one, then the places that come with the code. It
  ends at the first that fails, with its status.
- `backup`: `python -m pnav.backup`, with what is written behind it.
- `health`: whether what this container was started as does its work (the image's HEALTHCHECK). With `--end`, as
  docker-compose.yml has it, what stands still is ended after some looks, and its container starts it anew.
- `version`: the release, and the commit where it is known.

Anything else is run as it is written (`python manage.py createsuperuser`): the image has this as its entry point. Each
takes the place of this process, so that signals reach it; only `migrate` starts processes before that.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = "pnav.asgi:application"
# Of every Daphne of ours, those of the demonstration and the benchmarks too. Why: `pnav.server.serving`.
OPTIONS = (
    *("--verbosity", "0"),
    *("--ping-interval", "3600"),
    *("--ping-timeout", "3600"),
    *("--websocket_connect_timeout", "20"),
)
# No limit on frames but Daphne's own, 1 MiB: it also holds for what the server sends, a whole conversation at times. An
# exchange that is left may take a minute to end: what waits for the database is not cut off in the middle.
PRODUCTION_OPTIONS = (
    *OPTIONS,
    "--no-server-name",
    *("--websocket_timeout", "72000"),
    *("--application-close-timeout", "60"),
)
# Connections that wait to be accepted: everybody is back at once after a restart, and Twisted's own is 50.
BACKLOG = 2048
# What this module reads of the environment; `.env.example` explains each.
VARIABLES = ("WEB_PORT", "WEB_INTERFACE", "WEB_CERTIFICATE", "WEB_KEY")
# Names the file that keeps what the container was started as, and the process, for `health`. The image sets it; nobody
# else needs to.
STARTED_AS = "PNAV_STARTED_AS"
# The exit status of deploy/probe.py for a process that does not answer, or whose page threads take no turns.
STANDS_STILL = 3
# After so many looks in a row that found it standing still, `health --end` ends it: of a web process one each ten
# seconds, with ten seconds to answer; of a worker, which is then silent for ninety seconds already, one a minute.
# More than a busy machine makes anybody wait (docs/adr/0109): all processes would be ended together there.
LOOKS = {"web": 5, "worker": 2}


class WrongVariable(ValueError):
    """A variable of the environment that cannot be; the text names it, and no value."""


def web_endpoint(environment: Mapping[str, str]) -> str:
    """Return where Daphne listens, as Twisted writes it: TLS when a certificate and its key are named.

    Raises WrongVariable when a port is no number, or when one of certificate and key is named or there alone.
    """
    port = environment.get("WEB_PORT") or "8000"
    if not (port.isascii() and port.isdecimal() and 0 < int(port) < 65536):
        raise WrongVariable("WEB_PORT: a number from 1 to 65535")
    place = f"port={port}:interface={_quoted(environment.get('WEB_INTERFACE') or '0.0.0.0')}:backlog={BACKLOG}"  # noqa: S104
    files = {name: environment.get(name, "") for name in ("WEB_KEY", "WEB_CERTIFICATE")}
    if not any(files.values()):
        return f"tcp:{place}"
    for name, path in files.items():
        if not path:
            raise WrongVariable(f"{name}: needed beside the other of WEB_KEY and WEB_CERTIFICATE")
        if not Path(path).is_file():
            raise WrongVariable(f"{name}: there is no such file")
    return f"ssl:{place}:privateKey={_quoted(files['WEB_KEY'])}:certKey={_quoted(files['WEB_CERTIFICATE'])}"


def _quoted(value: str) -> str:
    """A value within a description of Twisted's, where a colon (an IPv6 address) ends it."""
    return value.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")


def interpreter() -> str:
    """Return this interpreter by a path without links to folders.

    Where a link leads to the version in force (docs/operations.md, « Two plain machines »), a process goes on with the
    files of its own version when the link is changed.
    """
    path = Path(sys.executable)
    return str(path.parent.resolve() / path.name)


def web_command(environment: Mapping[str, str], more: Sequence[str] = ()) -> list[str]:
    """Return the command of a web process. more: options of Daphne's, which win over ours."""
    daphne = [interpreter(), "-m", "daphne", "--endpoint", web_endpoint(environment)]
    return [*daphne, *PRODUCTION_OPTIONS, *more, APPLICATION]


def manage_command(*arguments: str) -> list[str]:
    """Return the command that runs `manage.py` with these."""
    return [interpreter(), str(ROOT / "manage.py"), *arguments]


def migrate_commands(environment: Mapping[str, str]) -> list[list[str]]:
    """Return what `migrate` does, in this order. The keys of exchanges may lie on a server of their own (ADR 0081)."""
    commands = [manage_command("migrate", "--noinput"), manage_command("import_locations")]
    if any(environment.get(name) for name in ("DATA_KEYS_DATABASE_URL", "DATA_KEYS_DATABASE_URL_FILE")):
        commands.insert(1, manage_command("migrate", "data_keys", "--noinput", "--database=data_keys"))
    return commands


def check_health(environment: Mapping[str, str]) -> list[str] | None:
    """Return the command that tells whether this container does its work; None for what ends by itself."""
    match _started(environment)[0]:
        case "web":
            return [interpreter(), str(ROOT / "deploy/probe.py"), "/health/ready"]
        case "worker":
            return manage_command("run_worker", "--alive")
        case _:
            return None


def end_what_stands_still(environment: Mapping[str, str]) -> int:
    """Look, and end the process of this container once it stood still at every one of its LOOKS, by SIGKILL.

    Docker and Compose start nothing anew because it is unhealthy, and do when its process has ended. What has not
    answered since it was started is left alone, for it may still be starting. A web process that answers « not ready »,
    as while the database is away, is none that stands still. Returns 0 for what does its work, else 1.
    """
    command = check_health(environment)
    if command is None:
        return 0
    name, process = _started(environment)
    counted = _counted(environment)
    status = subprocess.run(command, check=False).returncode  # noqa: S603  our own command
    if status != (STANDS_STILL if name == "web" else 1):
        if status == 0 or counted.exists():
            counted.write_text("0")
        return int(status != 0)
    if counted.exists():
        looks = int(counted.read_text() or 0) + 1
        counted.write_text(str(looks))
        if looks >= LOOKS[name] and process:
            print(f"{name}: stands still, and is ended", flush=True)  # noqa: T201  read by `docker inspect`
            counted.unlink()
            os.kill(process, signal.SIGKILL)
    return 1


def _started(environment: Mapping[str, str]) -> tuple[str, int]:
    """Return what this container was started as, and the number of its process; "" and 0 where nobody wrote it."""
    kept = environment.get(STARTED_AS)
    name, _space, process = (Path(kept).read_text() if kept and Path(kept).exists() else "").partition(" ")
    return name, int(process or 0)


def _counted(environment: Mapping[str, str]) -> Path:
    """Return the file that holds at how many looks in a row the process stood still; none before its first answer."""
    return Path(f"{environment[STARTED_AS]}.looks")


def _keep_name(name: str) -> None:
    if kept := os.environ.get(STARTED_AS):
        Path(kept).write_text(f"{name} {os.getpid()}")
        _counted(os.environ).unlink(missing_ok=True)


def _replace(command: Sequence[str]) -> int:
    """Become this command. Returns only when there is no such program: 127, as a shell does."""
    sys.stdout.flush()
    try:
        os.execvp(command[0], list(command))  # noqa: S606  the operator's own words, without a shell
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 127


def main(arguments: Sequence[str]) -> int:
    """Start what the arguments name. Returns an exit status when nothing takes the place of this process."""
    name, *more = arguments or ["web"]
    match name:
        case "web":
            try:
                command = web_command(os.environ, more)
            except WrongVariable as error:
                print(error, file=sys.stderr)  # noqa: T201
                return 2
            os.chdir(ROOT)
            _keep_name(name)
            return _replace(command)
        case "worker":
            _keep_name(name)
            return _replace(manage_command("run_worker", *more))
        case "migrate" if not more:
            os.environ.setdefault("DATABASE_STATEMENT_SECONDS", "0")  # a migration takes the time that it needs
            _keep_name(name)
            *first, last = migrate_commands(os.environ)
            for command in first:
                if status := subprocess.run(command, check=False).returncode:  # noqa: S603  our own command
                    return status
            return _replace(last)
        case "migrate":
            print("migrate takes no arguments: python manage.py migrate …", file=sys.stderr)  # noqa: T201
            return 2
        case "backup":
            return _replace([interpreter(), "-m", "pnav.backup", *more])
        case "health" if more == ["--end"]:
            return end_what_stands_still(os.environ)
        case "health":
            asked = check_health(os.environ)
            return int(bool(asked and subprocess.run(asked, check=False).returncode))  # noqa: S603  our own command
        case "version":
            from pnav.version import REVISION, VERSION

            print(f"pnav {VERSION} {REVISION}".rstrip())  # noqa: T201
            return 0
        case _:
            return _replace(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
