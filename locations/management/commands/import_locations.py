"""This command loads communes, units and partners from the embedded set, a folder, or the official addresses."""

import csv
import hashlib
import http.client
import re
import sys
import tempfile
import time
import urllib.error
import urllib.request
from argparse import ArgumentParser, BooleanOptionalAction
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from locations.importing import data_sources, embedded, loading
from locations.importing.formats import FORMATS, Format, recognise_format
from locations.importing.reading import Document, Row, UnreadableFile, files_in, read_documents
from locations.importing.result import Remark, Result
from locations.models import Source

BASE_URL = "https://www.data.gouv.fr/api/1/datasets/r/"
# These are the resources of data.gouv.fr and the format that each must have.
RESOURCES = {
    "061a5736-8fc2-4388-9e55-8cc31be87fa0": ("gendarmerie", "gendarmerie-horaires-texte.csv"),
    "17320fe6-a896-4686-93e6-502be2ad23f2": ("gendarmerie-hours", "export-gn2.csv"),
    "2cb2f356-42b2-4195-a35c-d4e4d986c62b": ("police", "export-pn.csv"),
    "c53cd4d4-4623-4772-9b8c-bc72a9cdf4c2": ("competence", "competence-territoriale.csv"),
}
ENDINGS = (".csv", ".json", ".tar", ".tar.gz", ".tgz")
BAR_WIDTH = 30


class Bar:
    """It draws a progress bar on a terminal, and nothing elsewhere."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.is_shown = stream, stream.isatty()
        self.drawn_at = 0.0

    def draw(self, name: str, share: float) -> None:
        """Draw the bar on a terminal, at most ten times a second. share is what is done, from 0 to 1."""
        now = time.monotonic()
        if not self.is_shown or now - self.drawn_at < 0.1:
            return
        self.drawn_at = now
        full = round(share * BAR_WIDTH)
        self.stream.write(f"\r[{'█' * full}{' ' * (BAR_WIDTH - full)}] {share:4.0%}  {name[:40]:40}")
        self.stream.flush()

    def clear(self) -> None:
        """Erase the bar from the terminal."""
        if self.is_shown:
            self.stream.write("\r" + " " * (BAR_WIDTH + 50) + "\r")


class Command(BaseCommand):
    help = (
        "Charge les communes et les unités. Sans option : le jeu embarqué. Une deuxième fois ne change rien ; "
        "les fiches modifiées à la main sont gardées."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        where = parser.add_mutually_exclusive_group()
        where.add_argument(
            "--from",
            dest="folder",
            type=Path,
            metavar="DOSSIER",
            help="lire les fichiers officiels de ce dossier, reconnus à leurs colonnes",
        )
        where.add_argument("--download", action="store_true", help="télécharger les fichiers officiels de data.gouv.fr")
        parser.add_argument(
            "--demonstration",
            action=BooleanOptionalAction,
            default=settings.DEMO,
            help="avec le jeu embarqué, charger ses unités et partenaires fictifs (sans le dire : seulement avec DEMO)",
        )
        parser.add_argument("--base-url", default=BASE_URL, help="adresse des ressources, pour --download")
        parser.add_argument("--timeout", type=float, default=30, help="secondes d'attente d'un serveur (30)")
        parser.add_argument("--dry-run", action="store_true", help="tout lire et compter, sans rien enregistrer")
        parser.add_argument("--report", type=Path, metavar="FICHIER", help="écrire les lignes refusées en CSV")

    def handle(self, *args: Any, **options: Any) -> None:
        self.bar = Bar(sys.stderr)
        self.remarks: list[Remark] = []
        self.failures: list[str] = []
        started = time.monotonic()
        if options["folder"] is not None and not options["folder"].is_dir():
            raise CommandError(f"{options['folder']} n'est pas un dossier.")
        with self._undone() if options["dry_run"] else nullcontext():
            if options["download"]:
                with tempfile.TemporaryDirectory(prefix="pnav-import-") as folder:
                    self._download(Path(folder), base_url=options["base_url"], timeout=options["timeout"])
                    self._load_folder(Path(folder))
            elif options["folder"] is not None:
                self._load_folder(options["folder"])
            else:
                self._load_embedded(with_demonstration=options["demonstration"])
        if not options["dry_run"]:
            loading.refresh_statistics()
        if options["report"]:
            self._write_report(options["report"])
        self._tell_remarks()
        data_sources.refresh()
        elapsed = time.monotonic() - started
        self.stdout.write(f"Terminé en {elapsed:.1f} s." + (" Essai : rien n'est enregistré." * options["dry_run"]))
        if self.failures:
            raise CommandError("Fichiers non chargés : " + " ; ".join(self.failures))

    @contextmanager
    def _undone(self) -> Iterator[None]:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    # --- the three origins ----------------------------------------------------------------------------------------

    def _load_embedded(self, *, with_demonstration: bool) -> None:
        """Load communes and postal codes; with_demonstration adds units that nobody should take for real."""
        places = embedded.read_places()
        edition = f"paquet {places.edition}"
        self._load_lines(
            embedded.commune_records(places),
            key="communes-embedded",
            title="Communes et codes postaux (jeu embarqué)",
            publisher="Insee, La Poste",
            licence="Licence Ouverte",
            edition=edition,
            path=embedded.COMMUNES,
        )
        if places.positions_edition:
            self._record_positions(places.positions_edition)
        if not with_demonstration:
            return
        self._load_lines(
            embedded.unit_records(places),
            key="demonstration",
            title="Unités et partenaires de démonstration",
            publisher="Pnav",
            licence="EUPL-1.2",
            edition="",
            path=embedded.UNITS,
            source=Source.DEMO,
        )

    def _record_positions(self, edition: str) -> None:
        loading.record_edition(
            "geonames",
            title="Position des villes (jeu embarqué)",
            publisher="GeoNames",
            licence="CC BY 4.0",
            url="https://www.geonames.org/",
            edition=f"paquet {edition}",
            file_name=embedded.COMMUNES.name,
            sha256=_sha256(embedded.COMMUNES),
            result=Result(),
            at=timezone.now(),
        )

    def _load_folder(self, folder: Path) -> None:
        plan = self._plan(folder)
        if not plan and not self.failures:
            raise CommandError(_nothing_in(folder))
        for _order, name, path, known in sorted(plan, key=lambda item: item[:2]):
            self._load_document(path, name, known)

    def _plan(self, folder: Path) -> list[tuple[int, str, Path, Format]]:
        """Return what the files of this folder hold that is known, with its order; the others are told."""
        plan: list[tuple[int, str, Path, Format]] = []
        for path in files_in(folder):
            found = False
            try:
                for document in read_documents(path):
                    known = recognise_format(document.columns)
                    if known:
                        plan.append((known.order, document.name, path, known))
                        found = True
            except (UnreadableFile, OSError, EOFError, ValueError) as error:
                self._fail(path.name, str(error) or type(error).__name__)
                continue
            if not found:
                self.stdout.write(f"– {path.name} : colonnes d'aucun format connu, laissé de côté.")
        return plan

    def _load_document(self, path: Path, name: str, known: Format) -> None:
        result = Result()
        try:
            for document in read_documents(path):
                if document.name == name:
                    lines = loading.parse_rows(self._watched(document), known, file=name, result=result)
                    loading.load_records(lines, file=name, source=known.source, result=result)
        except UnreadableFile as error:
            self.bar.clear()
            self._fail(name, str(error))
            return
        self._finish(
            result,
            name=name,
            key=known.key,
            title=known.title,
            publisher=known.publisher,
            licence=known.licence,
            url=known.url,
            edition=_edition(name),
            path=path,
        )

    def _watched(self, document: Document) -> Iterator[Row]:
        for row in document.rows:
            self.bar.draw(document.name, document.progress())
            yield row

    def _load_lines(
        self,
        lines: Iterator[loading.Line],
        *,
        key: str,
        title: str,
        publisher: str,
        licence: str,
        edition: str,
        path: Path,
        source: Source | str = "",
    ) -> None:
        result = Result()
        known = list(lines)

        def counted() -> Iterator[loading.Line]:
            for line in known:
                result.read += 1
                self.bar.draw(path.name, result.read / len(known))
                yield line

        loading.load_records(counted(), file=path.name, source=source, result=result)
        self._finish(
            result,
            name=path.name,
            key=key,
            title=title,
            publisher=publisher,
            licence=licence,
            url="",
            edition=edition,
            path=path,
        )

    def _finish(self, result: Result, *, name: str, key: str, path: Path, **edition: str) -> None:
        self.bar.clear()
        loading.record_edition(key, file_name=name, sha256=_sha256(path), result=result, at=timezone.now(), **edition)
        self.remarks.extend(result.remarks)
        ignored = f", {result.ignored} laissées de côté" if result.ignored else ""
        removed = f", {result.removed} retirées" if result.removed else ""
        self.stdout.write(
            f"✓ {name} ({edition['title']}) : {result.read} lignes lues, {result.added} ajoutées, "
            f"{result.changed} modifiées, {result.unchanged} inchangées, {result.kept} gardées (modifiées à la main)"
            f"{removed}{ignored}, {result.refused} refusées."
        )

    def _fail(self, name: str, reason: str) -> None:
        self.failures.append(f"{name} ({reason})")
        self.stderr.write(self.style.ERROR(f"✗ {name} : {reason}. Rien de ce fichier n'est enregistré."))

    # --- download -------------------------------------------------------------------------------------------------

    def _download(self, folder: Path, *, base_url: str, timeout: float) -> None:
        """Fetch every official file, then check its columns, before anything is loaded."""
        if not base_url.startswith(("https://", "http://")):
            raise CommandError("--base-url doit commencer par https:// ou http://.")
        for resource, (key, name) in RESOURCES.items():
            target = folder / name
            url = base_url.rstrip("/") + "/" + resource
            try:
                with (
                    urllib.request.urlopen(url, timeout=timeout) as answer,  # noqa: S310  the scheme is checked above
                    target.open("wb") as file,
                ):
                    self._receive(answer, file, name)
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                self.bar.clear()
                raise CommandError(
                    f"{url} est hors d'atteinte ({_reason(error)}). Rien n'a été modifié. Vous pouvez télécharger les "
                    "fichiers depuis un autre poste, puis lancer : import_locations --from DOSSIER."
                ) from error
            known = next(item for item in FORMATS if item.key == key)
            columns = next(iter(read_documents(target))).columns
            if not known.fits(columns):
                missing = ", ".join(known.missing(columns)) or "aucune, mais ce n'est pas le fichier attendu"
                raise CommandError(
                    f"{url} n'a pas les colonnes attendues pour « {known.title} ». Manquent : {missing}. "
                    "Rien n'a été modifié."
                )
            self.stdout.write(f"↓ {name} : {target.stat().st_size // 1024} Kio.")

    def _receive(self, answer: Any, file: Any, name: str) -> None:
        expected = int(answer.headers.get("Content-Length") or 0)
        received = 0
        while chunk := answer.read(1 << 16):
            file.write(chunk)
            received += len(chunk)
            self.bar.draw(name, min(1.0, received / expected) if expected else 0.0)
        self.bar.clear()
        if expected and received != expected:
            raise OSError("réponse incomplète")

    # --- the report -----------------------------------------------------------------------------------------------

    def _write_report(self, path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter=";")
            writer.writerow(["fichier", "ligne", "effet", "raison"])
            for remark in self.remarks:
                effect = "ligne refusée" if remark.is_refused else "champ ignoré"
                writer.writerow([remark.file, remark.line, effect, remark.reason])
        self.stdout.write(f"Rapport : {path} ({len(self.remarks)} lignes).")

    def _tell_remarks(self) -> None:
        reasons = Counter((remark.is_refused, _general(remark.reason)) for remark in self.remarks)
        for (is_refused, reason), count in sorted(reasons.items(), key=lambda item: (not item[0][0], -item[1])):
            self.stdout.write(f"  {count:>6} {'refusées' if is_refused else 'remarques'} : {reason}")


def _nothing_in(folder: Path) -> str:
    """Say in one sentence why nothing was loaded, for whoever named the wrong folder."""
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and _holds_data(path)]
    where = f", mais « {inside[0].name} » en contient : donnez {inside[0]}" if len(inside) == 1 else ""
    return (
        f"Aucun fichier reconnu dans {folder} : il faut des fichiers {', '.join(ENDINGS)} (ou .csv et .json compressés "
        f"en .gz, .bz2 ou .xz) dont les colonnes sont celles d'un fichier officiel, quel que soit leur nom ; les "
        f"sous-dossiers ne sont pas lus{where}."
    )


def _holds_data(folder: Path) -> bool:
    try:
        return any(recognise_format(document.columns) for path in files_in(folder) for document in read_documents(path))
    except (UnreadableFile, OSError, EOFError, ValueError):
        return False  # without it only a hint is lost


def _general(reason: str) -> str:
    """Return a reason without the value that it quotes."""
    return reason.split(" : ")[0] if " : " in reason and not reason.endswith("ignorée") else reason


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"réponse {error.code}"
    inner = getattr(error, "reason", error)
    return str(inner) or type(error).__name__


def _edition(name: str) -> str:
    """Return the edition that a file's name tells, if it does: « 2022-01 », « 2026 »."""
    found = re.search(r"20\d\d(-\d\d)?", name)
    return found[0] if found else ""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
