"""Starts each kind of process of Pnav, from the image, Kubernetes or systemd: `python -m pnav.server.entry web`.

- `web` starts Daphne with the options of docs/operations.md. WEB_PORT, WEB_INTERFACE, WEB_CERTIFICATE and WEB_KEY say
  where it listens, and PROCESS_ROLE says what it serves.
- `worker` runs `manage.py run_worker` with the arguments that follow.
- `migrate` migrates the schema of the database and of a separate key server, then imports the places that come with the
  code. It ends at the first step that fails, with that step's exit status.
- `backup` runs `python -m pnav.backup` with the arguments that follow.
- `health` tells whether the process of this container does its work (the image's HEALTHCHECK). With `--end`, as in
  docker-compose.yml, a process that hangs is killed after some checks in a row, so that Docker starts it again.
- `version` prints the release, and the commit where it is known.

Anything else is run as a command (`python manage.py createsuperuser`), because this is the image's entry point. The
command replaces this process, so that signals reach it; only `migrate` runs other processes first.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = "pnav.asgi:application"
# Every Daphne that we start has these options, in the demonstration and the benchmarks too; `pnav.server.serving` says
# why.
OPTIONS = (
    *("--verbosity", "0"),
    *("--ping-interval", "3600"),
    *("--ping-timeout", "3600"),
    *("--websocket_connect_timeout", "20"),
)
# There is no option for the size of frames, because it would also limit what the server sends, which may be a whole
# conversation. A socket that is closed may take a minute to end, so that work which waits for the database is not cut
# off.
PRODUCTION_OPTIONS = (
    *OPTIONS,
    "--no-server-name",
    *("--websocket_timeout", "72000"),
    *("--application-close-timeout", "60"),
)
# How many connections may wait to be accepted. After a restart everybody is back at once; Twisted's default is 50.
BACKLOG = 2048
# The environment variables that this module reads; `.env.example` explains each.
VARIABLES = ("WEB_PORT", "WEB_INTERFACE", "WEB_CERTIFICATE", "WEB_KEY")
# This variable names the file in which `health` finds the kind and the number of the process that was started. Only the
# image sets it.
STARTED_AS = "PNAV_STARTED_AS"
# The exit status of deploy/probe.py for a process that does not answer, or whose page threads make no progress.
STANDS_STILL = 3
# After so many checks in a row that found a process hanging, `health --end` kills it. A web process is checked every
# ten seconds and has ten seconds to answer. A worker is checked every minute, and found hanging when it has been silent
# for ninety seconds. Nobody waits that long on a machine that is only busy (docs/adr/0109), where otherwise all
# processes would be killed together.
LOOKS = {"web": 5, "worker": 2}


class WrongVariable(ValueError):
    """An environment variable has an unusable value. The message names the variable, never its value."""


def web_endpoint(environment: Mapping[str, str]) -> str:
    """Return where Daphne listens, as Twisted writes it: TLS when a certificate and its key are named.

    Raises WrongVariable when the port is no number from 1 to 65535, when only one of certificate and key is named, and
    when a named file does not exist.
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
    """Escape a value for a Twisted endpoint description, in which a colon (as in an IPv6 address) ends a value."""
    return value.replace("\\", "\\\\").replace(":", "\\:").replace("=", "\\=")


def interpreter() -> str:
    """Return this interpreter by a path without links to folders.

    Where a link leads to the current version (docs/operations.md, « Two plain machines »), a process must go on with
    the files of its own version when the link is changed.
    """
    path = Path(sys.executable)
    return str(path.parent.resolve() / path.name)


def web_command(environment: Mapping[str, str], more: Sequence[str] = ()) -> list[str]:
    """Return the command of a web process. more: options for Daphne, which take precedence over ours."""
    daphne = [interpreter(), "-m", "daphne", "--endpoint", web_endpoint(environment)]
    return [*daphne, *PRODUCTION_OPTIONS, *more, APPLICATION]


def manage_command(*arguments: str) -> list[str]:
    """Return the command that runs `manage.py` with these arguments."""
    return [interpreter(), str(ROOT / "manage.py"), *arguments]


def migrate_commands(environment: Mapping[str, str]) -> list[list[str]]:
    """Return the commands of `migrate`, in order. Data keys may be on a separate server (ADR 0081), migrated too."""
    commands = [manage_command("migrate", "--noinput"), manage_command("import_locations")]
    if any(environment.get(name) for name in ("DATA_KEYS_DATABASE_URL", "DATA_KEYS_DATABASE_URL_FILE")):
        commands.insert(1, manage_command("migrate", "data_keys", "--noinput", "--database=data_keys"))
    return commands


def check_health(environment: Mapping[str, str]) -> list[str] | None:
    """Return the command that checks the process of this container; None for a process that ends by itself."""
    match _started(environment)[0]:
        case "web":
            return [interpreter(), str(ROOT / "deploy/probe.py"), "/health/ready"]
        case "worker":
            return manage_command("run_worker", "--alive")
        case _:
            return None


def end_what_stands_still(environment: Mapping[str, str]) -> int:
    """Check the process of this container, and kill it with SIGKILL when it hung at each of the last LOOKS checks.

    Docker and Compose restart a container when its process has ended, but not because it is unhealthy. A process that
    has not answered since it was started is left alone, because it may still be starting. A web process that answers
    « not ready », as while the database is away, does not hang. Returns 0 for a process that does its work, else 1.
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
    """Return the kind of the process that this container started, and its number; "" and 0 where nothing says so."""
    kept = environment.get(STARTED_AS)
    name, _space, process = (Path(kept).read_text() if kept and Path(kept).exists() else "").partition(" ")
    return name, int(process or 0)


def _counted(environment: Mapping[str, str]) -> Path:
    """Return the path of the file with the number of checks in a row that found the process hanging.

    The file exists from the first check that the process passed.
    """
    return Path(f"{environment[STARTED_AS]}.looks")


def _keep_name(name: str) -> None:
    if kept := os.environ.get(STARTED_AS):
        Path(kept).write_text(f"{name} {os.getpid()}")
        _counted(os.environ).unlink(missing_ok=True)


def _replace(command: Sequence[str]) -> int:
    """Replace this process with a command. Returns only when it cannot be run: 127, as a shell does."""
    sys.stdout.flush()
    try:
        os.execvp(command[0], list(command))  # noqa: S606  the operator's own words, without a shell
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 127


def main(arguments: Sequence[str]) -> int:
    """Start the process that the arguments name. Returns an exit status when no command replaces this process."""
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
