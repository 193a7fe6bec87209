"""`deploy/restore`: put a base backup and the WAL after it into an empty folder, from which PostgreSQL starts.

- `--to FOLDER`: the data folder of the new cluster, which must be empty or not there. `--at` names the point in time,
  as ISO 8601 with its zone (2026-11-28T10:00:00+01:00); without it, as far as the WAL goes. `--base` names one
  in place of the newest base backup before that. `--up-to-hole`: where a segment of WAL is missing, end there and say
  so. `--manifest FILE`: where to put what it counted, for `check_backup`; « - »: standard output. The manifest of one
  server is not written over that of the other one.
- `--roles URL`: make the roles, or give them today's passwords, on a server that runs (deploy/roles.sql). A restored
  folder has its roles with it; a dump has none, and needs this first.
- `--list`: as `deploy/backup list`.

What is to be written, what room the disk has, and each step with its seconds go to standard error: a large base takes
many minutes. PostgreSQL finds the WAL by a `cp` within the folder: whatever starts it needs neither this program nor
the keys.
Exit status 1: it failed, and one line says why, in French; 2: a variable or an option is wrong.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from common.encryption import UnsealError
from pnav.backup import tools
from pnav.backup.base import read_bases
from pnav.backup.configuration import Server, read_store
from pnav.backup.manifest import Bases, Manifest, begun_at, choose_base, told_bytes
from pnav.backup.store import Missing, Store
from pnav.backup.stored_wal import StoredWal

ROLES = Path(__file__).resolve().parents[2] / "deploy" / "roles.sql"
RESTORED_WAL = "pnav_restored_wal"


class CannotRestore(Exception):
    """What was asked cannot be restored; the text, in French, says why."""


class _Steps:
    """Says how far a restore is, in French, with the seconds of each step. tell: what takes a line."""

    def __init__(self, tell: Callable[[str], object]) -> None:
        self._tell = tell
        self._since = time.monotonic()

    def say(self, text: str) -> None:
        """Say a line that ends no step."""
        self._tell(text)

    def reached(self, text: str) -> None:
        """Say how long the present step has taken so far."""
        self._tell(f"{text}, {time.monotonic() - self._since:.0f} s")

    def ended(self, text: str) -> None:
        """Say how long the step has taken. The next one begins."""
        self.reached(text)
        self._since = time.monotonic()


class _Parts:
    """Reads the parts of a base backup as one file, from beginning to end, for `tarfile`. One part is in memory.

    Each tenth is told, so there are ten lines at most.
    """

    def __init__(self, store: Store, manifest: Manifest, steps: _Steps) -> None:
        self._pieces = self._read(store, manifest, steps)
        self._left = memoryview(b"")

    @staticmethod
    def _read(store: Store, manifest: Manifest, steps: _Steps) -> Iterator[bytes]:
        whole, done, tenth = manifest.size, 0, 0
        for index, size in enumerate(manifest.sizes):
            clear = store.get(f"base/{manifest.id}/{index:05d}")
            if len(clear) != size:
                raise UnsealError("A part of this backup has not the size that the manifest says.")
            yield clear
            done += size
            if (now := 10 * done // whole) > tenth:
                tenth = now
                steps.reached(f"Base : {told_bytes(done)} sur {told_bytes(whole)}")

    def read(self, size: int) -> bytes:
        """Return this many bytes; fewer only at the end."""
        found = bytearray()
        while len(found) < size:
            if not self._left:
                piece = next(self._pieces, None)
                if piece is None:
                    break
                self._left = memoryview(piece)
            taken = self._left[: size - len(found)]
            found += taken
            self._left = self._left[len(taken) :]
        return bytes(found)


def restore(
    store: Store,
    folder: Path,
    *,
    at: datetime | None = None,
    base: str = "",
    up_to_hole: bool = False,
    manifest: Path | None = None,
    tell: Callable[[str], object] = lambda _line: None,
) -> Manifest:
    """Restore a base backup and the WAL after it, and return its manifest. Nothing is written unless the folder is
    empty, and it is emptied again if this fails.

    manifest: where its manifest will lie; refused first where another file lies there (`_require_own`).
    tell: what takes a line of how far it is, in French.

    One part, or one segment, is in memory at a time. The disk holds the base and all WAL after it, which PostgreSQL
    deletes at the end of the recovery. PostgreSQL would end without a word where a segment is missing, so that is
    refused, unless up_to_hole says so. With `at`, PostgreSQL itself refuses to start before that point, and a hole is
    only told. Raises CannotRestore, UnsealError, Missing, and the errors of the store.
    """
    chosen = _choose(read_bases(store), at, base)
    if folder.exists() and any(folder.iterdir()):
        raise CannotRestore("Ce dossier n'est pas vide : rien n'y est touché.")
    if manifest is not None:
        _require_own(manifest, chosen.name)
    wal = StoredWal(store, chosen)
    refuses = at is None and not up_to_hole
    if refuses:
        _say_hole(wal.find_hole(), refuses=True)  # before the hours that a large base takes
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    steps = _Steps(tell)
    _say_room(steps, folder, chosen, wal)
    try:
        stream: Any = _Parts(store, chosen, steps)
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            archive.extractall(folder, filter="data")
        steps.ended("Base : écrite")
        steps.ended("pg_verifybackup : fichiers conformes" if _check_files(folder) else "pg_verifybackup : absent")
        for name in wal.put(folder / RESTORED_WAL):
            _warn(f"{name} ne s'ouvre pas en entier : ce qui a été gardé de ce segment avant, ou rien, le remplace.")
        steps.ended("WAL : écrit")
        own = folder / "pg_wal"  # what the base needs to start, which the store need not have
        _say_hole(wal.find_hole({path.name for path in own.iterdir()} if own.is_dir() else set()), refuses=refuses)
        _set_recovery(folder, at)
    except BaseException:
        _empty(folder)
        raise
    return chosen


def _say_room(steps: _Steps, folder: Path, manifest: Manifest, wal: StoredWal) -> None:
    """Say what is written and what room there is. It is not refused where room lacks, because some disks compress."""
    needed, free = manifest.size + wal.size, shutil.disk_usage(folder).free
    steps.say(
        f"{manifest.id} : {told_bytes(manifest.size)}, et {told_bytes(wal.size)} de WAL ; "
        f"libres ici : {told_bytes(free)}."
    )
    if needed > free:
        _warn(f"Il manque {told_bytes(needed - free)} : sauf sur un disque qui comprime, cela échouera.")


def _say_hole(hole: str | None, *, refuses: bool) -> None:
    if hole is None:
        return
    said = f"Le WAL s'interrompt : {hole} manque ou n'est pas entier, et la suite est là."
    if refuses:
        raise CannotRestore(
            f"{said} Prenez une sauvegarde plus récente (--list), un instant d'avant (--at), ou ce qui précède "
            "(--up-to-hole)."
        )
    _warn(f"{said} PostgreSQL ne va pas plus loin.")


def _require_own(path: Path, name: str) -> None:
    """Raise CannotRestore where a manifest of this server would take the place of the other server's, or of a file that
    is no manifest. `check_backup` compares a site with both, so each needs a file of its own.
    """
    before = path.read_text(errors="replace") if path.exists() else ""
    if not before:
        return
    try:
        other = Manifest.parse(before).name
    except ValueError:
        raise CannotRestore("--manifest : ce fichier est là et n'est pas un manifeste : rien n'y est écrit.") from None
    if other != name:
        raise CannotRestore(
            f"--manifest : ce fichier est le manifeste de « {other} », et cette sauvegarde est celle de « {name} ». "
            "Donnez un fichier à chacune : check_backup lit les deux."
        )


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _choose(bases: Bases, at: datetime | None, name: str) -> Manifest:
    """Return the base of this name, or else the newest one that had ended. Raises CannotRestore.

    An older one is not taken in the place of one that does not open, because with the right key that one is better.
    """
    if name:
        if name not in bases.whole:
            raise CannotRestore("Aucune sauvegarde entière de ce nom : voir --list.")
        bases = Bases({name: bases.whole[name]})
    chosen = choose_base(bases.whole.values(), at)
    closed = [
        one
        for one in bases.closed
        if (begun := begun_at(one)) is not None
        and (at is None or begun <= at)
        and (chosen is None or begun > chosen.started_at)
    ]
    if closed:
        raise CannotRestore(
            f"{len(closed)} sauvegarde(s) plus récente(s) ne s'ouvrent pas, dont {max(closed)} : donnez leur clé dans "
            "BACKUP_KEYS, ou leur version de Pnav, ou choisissez-en une plus ancienne par --base (voir --list)."
        )
    if chosen is None:
        raise CannotRestore("Aucune sauvegarde entière n'était terminée à cet instant : voir --list.")
    return chosen


def _check_files(folder: Path) -> bool:
    """Run `pg_verifybackup` over the files, with the manifest that PostgreSQL put among them, and return whether the
    program is there. Raises CannotRestore.
    """
    try:
        command = [tools.find("pg_verifybackup"), "--no-parse-wal", "--quiet", str(folder)]
    except tools.ToolMissing:
        return False  # every byte was authenticated when it was opened
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise CannotRestore(f"pg_verifybackup refuse ces fichiers : {done.stderr.decode(errors='replace')[:300]}")
    return True


def _set_recovery(folder: Path, at: datetime | None) -> None:
    """Configure PostgreSQL to recover to this point and then serve. Both commands run in the data folder."""
    settings = {
        "restore_command": f'cp "{RESTORED_WAL}/%f" "%p"',
        "recovery_end_command": f"rm -rf {RESTORED_WAL}",
        "recovery_target_timeline": "latest",
        "recovery_target_action": "promote",
    }
    if at is not None:
        settings["recovery_target_time"] = at.isoformat(sep=" ")
    own = folder / "postgresql.auto.conf"
    # A server that was restored before still has the settings of that time, perhaps another point in time.
    before = own.read_text().splitlines() if own.exists() else []
    kept = [line for line in before if not line.startswith(("recovery_", "restore_command"))]
    own.write_text(
        "".join(f"{line}\n" for line in (*kept, *(f"{name} = '{value}'" for name, value in settings.items())))
    )
    (folder / "recovery.signal").touch()


def make_roles(server: Server) -> None:
    """Run deploy/roles.sql. Raises CannotRestore."""
    command = [tools.find("psql"), "--dbname", server.url, "--no-password", "--quiet", "--no-psqlrc",
               "--set=ON_ERROR_STOP=1", "--file", str(ROLES)]  # fmt: skip
    done = subprocess.run(  # noqa: S603  its arguments are ours and the operator's
        command, env=tools.environment_for(server), capture_output=True, check=False
    )
    if done.returncode:
        raise CannotRestore(f"psql : {done.stderr.decode(errors='replace').strip()[:300]}")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="deploy/restore", description="Remet une sauvegarde en place.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, metavar="DOSSIER", help="dossier de données, vide")
    what.add_argument("--roles", metavar="URL", help="créer les rôles, ou leur donner les mots de passe du jour")
    what.add_argument("--list", action="store_true", help="les sauvegardes qui sont là")
    parser.add_argument("--at", type=_instant, metavar="INSTANT", help="par exemple 2026-11-28T10:00:00+01:00")
    parser.add_argument("--base", default="", metavar="NOM", help="une sauvegarde de --list")
    parser.add_argument("--up-to-hole", action="store_true", help="si le WAL a un trou, s'arrêter là")
    parser.add_argument("--manifest", metavar="FICHIER", help="où écrire ce qui a été compté ; « - » : affiché")
    given = parser.parse_args(arguments)
    try:
        if given.roles:
            make_roles(Server(given.roles, os.environ.get("PGPASSWORD", "")))
            _say("Les rôles sont là, avec leurs mots de passe.")
            return 0
        store = read_store(os.environ)
        if given.list:
            for folder, said in read_bases(store).told(
                lambda one: f"entière, {told_bytes(one.size)}, terminée le {one.ended_at.isoformat()}"
            ):
                _say(f"{folder} : {said}")
            return 0
        kept = Path(given.manifest) if given.manifest not in (None, "", "-") else None
        manifest = restore(
            store, given.to, at=given.at, base=given.base, up_to_hole=given.up_to_hole, manifest=kept, tell=_warn
        )
        if kept is not None:
            kept.write_text(manifest.as_json())
        elif given.manifest:
            _say(manifest.as_json())
    except ImproperlyConfigured as error:
        print(f"deploy/restore: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except (CannotRestore, Missing, OSError, UnsealError, tarfile.TarError, tools.ToolMissing) as error:
        print(f"deploy/restore: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    until = f" jusqu'au {given.at.isoformat()}" if given.at else ""
    print(f"Remise en place : {manifest.id}, puis le WAL{until}.", file=sys.stderr)  # noqa: T201
    print("Démarrez PostgreSQL, puis : manage.py check_backup (docs/restore.md).", file=sys.stderr)  # noqa: T201
    return 0


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("avec son fuseau : 2026-11-28T10:00:00+01:00")
    return found


def _say(text: str) -> None:
    print(text)  # noqa: T201


def _warn(text: str) -> None:
    print(f"deploy/restore: {text}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
