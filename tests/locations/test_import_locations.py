"""The command imports the embedded set, a folder, or the official addresses."""

import csv
import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from locations.importing import embedded
from locations.management.commands import import_locations
from locations.models import Competence, DataEdition, Municipality, Partner, ReceptionPoint, Source

pytestmark = pytest.mark.django_db

COMMUNES = (
    "code_insee;nom;type;commune_parente;departement_code;departement_nom;region_code;region_nom;zone;population;"
    "codes_postaux;latitude;longitude;source_position\n"
    "13004;Arles;commune-actuelle;;13;Bouches-du-Rhône;93;PACA;metro;50000;13200|13104;43.67;4.63;x\n"
    "01001;Nulle-Part;commune-actuelle;;01;Ain;84;ARA;metro;10;01400;0;0;x\n"
)
COMPETENCE = (
    "code_commune;libelle_commune;institution;id_service;service;code_postal;codes_postaux\n"
    '"13004";"Arles";"GN";"7";"Gendarmerie - Brigade d\'Arles";"13200";"13104-13200"\n'
    '"13004";"Arles";"PN";"";"Commissariat de police d\'Arles";"13200";"13104-13200"\n'
    '"99999";"Ailleurs";"PN";"";"Commissariat de police d\'Arles";"13200";"13104-13200"\n'
)
GENDARMERIE_COLUMNS = (
    "identifiant_public_unite;service;adresse_geographique;telephone;departement;code_commune_insee;voie;code_postal;"
    "commune;geocodage_epsg;geocodage_x;geocodage_y;geocodage_x_GPS;geocodage_y_GPS"
)
GENDARMERIE = (
    f"{GENDARMERIE_COLUMNS};horaires_accueil;url\n"
    "7;Gendarmerie - Brigade d'Arles;1 rue X$13200 ARLES;+33 4 90 00 00 00;13;13004;1 rue X;13200;Arles;;;;4.63;43.67;"
    "$Lundi : 8h00-12h00;\n"
)
HOURS = ";".join(
    f"{day}_plage{number}_{edge}"
    for day in ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", "jours_feries")
    for number in "123"
    for edge in ("debut", "fin")
)
GENDARMERIE_HOURS = (
    f"{GENDARMERIE_COLUMNS};horaires_accueil;url;{HOURS}\n"
    "7;Gendarmerie - Brigade d'Arles;1 rue X$13200 ARLES;+33 4 90 00 00 00;13;13004;1 rue X;13200;Arles;;;;4.63;43.67;"
    ";;09h00;12h00" + ";" * 46 + "\n"
)
POLICE = (
    "service;adresse_geographique;telephone;departement;code_commune_insee;voie;code_postal;commune;geocodage_epsg;"
    "geocodage_x;geocodage_y;geocodage_x_GPS;geocodage_y_GPS\n"
    "Commissariat de police d'Arles;1 bd Y$13200 ARLES;+33 4 90 11 11 11;13;13004;1 bd Y;13200;Arles;;;;4.63;43.67\n"
)


def run(*arguments, **options):
    out = StringIO()
    call_command("import_locations", *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Write official files under names that say nothing."""
    (tmp_path / "a.csv").write_text(COMPETENCE)
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(COMMUNES.encode()))
    (tmp_path / "c.csv").write_text(GENDARMERIE)
    (tmp_path / "d.csv").write_text("﻿" + GENDARMERIE_HOURS)
    (tmp_path / "e.csv").write_text(POLICE)
    (tmp_path / "f.csv").write_text("une;deux\n1;2\n")
    return tmp_path


def test_production_is_given_no_unit_that_the_demonstration_made_up(settings, monkeypatch):
    """Nobody in danger is to be sent to a unit that does not exist; whoever wants them says so."""
    # It takes seconds, and is not what this tests.
    monkeypatch.setattr(embedded, "commune_records", lambda _places: iter(()))
    settings.DEMO = False
    assert "démonstration" not in run()
    assert not ReceptionPoint.objects.exists() and not Partner.objects.exists()
    run("--demonstration")
    assert ReceptionPoint.objects.filter(source=Source.DEMO).exists()
    ReceptionPoint.objects.all().delete()
    settings.DEMO = True  # as in `make run`
    run()
    assert ReceptionPoint.objects.filter(source=Source.DEMO).exists()
    ReceptionPoint.objects.all().delete()
    run("--no-demonstration")
    assert not ReceptionPoint.objects.exists()


def test_embedded_set_twice():
    run()
    communes, units, partners = Municipality.objects.count(), ReceptionPoint.objects.count(), Partner.objects.count()
    assert communes == 35014
    assert units > 40
    assert partners > 10
    assert DataEdition.objects.get(source="communes-embedded").publisher == "Insee, La Poste"
    assert DataEdition.objects.get(source="geonames").licence == "CC BY 4.0"
    assert run().count(" 0 ajoutées, 0 modifiées, ") == 2


def test_folder_in_the_order_that_data_needs(folder):
    out = run("--from", str(folder))
    assert out.index("b.csv.gz") < out.index("c.csv") < out.index("d.csv") < out.index("a.csv")
    assert "f.csv : colonnes d'aucun format connu" in out
    assert {unit.name for unit in Municipality.objects.get(pk="13004").competent_units.all()} == {
        "Gendarmerie - Brigade d'Arles",
        "Commissariat de police d'Arles",
    }
    brigade = ReceptionPoint.objects.get(force="gendarmerie")
    assert brigade.opening_hours["mon"] == [["09:00", "12:00"]]  # the resource with structured hours is preferred
    edition = DataEdition.objects.get(source="competence")
    assert (edition.rows_read, edition.rows_added, edition.rows_refused) == (3, 2, 1)


def test_folder_twice_changes_nothing(folder):
    run("--from", str(folder))
    out = run("--from", str(folder))
    loaded = [line for line in out.splitlines() if line.startswith("✓")]
    assert len(loaded) == 5
    assert all(" 0 ajoutées, 0 modifiées, " in line and "retirées" not in line for line in loaded)


def test_dry_run_changes_nothing(folder):
    out = run("--from", str(folder), "--dry-run")
    assert "2 ajoutées" in out
    assert "rien n'est enregistré" in out
    assert not Municipality.objects.exists()
    assert not DataEdition.objects.exists()


def test_report_of_refused_rows(folder, tmp_path):
    report = tmp_path / "report.txt"
    out = run("--from", str(folder), "--report", str(report))
    rows = list(csv.DictReader(report.open(encoding="utf-8"), delimiter=";"))
    assert {"fichier": "a.csv", "ligne": "4", "effet": "ligne refusée", "raison": "commune inconnue : 99999"} in rows
    assert any(row["fichier"] == "b.csv.gz" and "0,0" in row["raison"] for row in rows)
    assert "1 refusées : commune inconnue" in out


def test_object_without_a_column_is_refused_and_told(folder, tmp_path):
    """It ended the whole import with a KeyError, and the report was not written."""
    columns, *lines = list(csv.reader(COMMUNES.splitlines(), delimiter=";"))
    whole, other = (dict(zip(columns, line, strict=True)) for line in lines)
    lacking = {name: value for name, value in whole.items() if name != "zone"} | {"code_insee": "13010"}
    (folder / "b.csv.gz").unlink()
    (folder / "b.json").write_text(json.dumps([whole, lacking, other]))
    report = tmp_path / "report.txt"
    run("--from", str(folder), "--report", str(report))
    assert set(Municipality.objects.values_list("pk", flat=True)) == {"13004", "01001"}
    rows = list(csv.DictReader(report.open(encoding="utf-8"), delimiter=";"))
    refused = {"fichier": "b.json", "ligne": "2", "effet": "ligne refusée", "raison": "colonne absente : zone"}
    assert refused in rows
    assert Competence.objects.filter(municipality="13004").count() == 2


def test_a_broken_file_is_left_whole_and_the_others_are_loaded(folder):
    (folder / "e.csv").write_bytes(POLICE.encode().replace(b"Arles", "Àrles".encode("latin-1")))
    with pytest.raises(CommandError, match="UTF-8"):
        run("--from", str(folder))
    assert Municipality.objects.count() == 2
    assert not ReceptionPoint.objects.filter(force="police").exclude(source="competence").exists()
    assert Competence.objects.count() == 2


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(CommandError, match="n'est pas un dossier"):
        run("--from", str(tmp_path / "nowhere"))


def test_folder_without_a_known_file(tmp_path):
    (tmp_path / "notes.csv").write_text("a;b\n1;2\n")
    with pytest.raises(CommandError) as refused:
        run("--from", str(tmp_path))
    said = str(refused.value)
    assert said.startswith(f"Aucun fichier reconnu dans {tmp_path} : il faut des fichiers .csv, .json, ")
    assert said.endswith("les sous-dossiers ne sont pas lus.")


@pytest.mark.parametrize(("holding", "named"), [(1, True), (2, False)])
def test_folder_whose_subfolder_holds_the_files_is_told_which(tmp_path, holding, named):
    (tmp_path / "vide").mkdir()
    (tmp_path / "illisible").mkdir()
    (tmp_path / "illisible" / "x.csv.gz").write_bytes(b"no gzip")
    for number in range(holding):
        inner = tmp_path / f"officiels{number}"
        inner.mkdir()
        (inner / "x.csv").write_text("code_cedex;libelle_cedex;code_insee\n")
    with pytest.raises(CommandError) as refused:
        run("--from", str(tmp_path))
    assert f"« officiels0 » en contient : donnez {tmp_path / 'officiels0'}." in str(refused.value) or not named
    assert ("en contient" in str(refused.value)) is named


def test_progress_bar_on_a_terminal_only(folder, monkeypatch):
    class Terminal(StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(import_locations.time, "monotonic", iter(range(10_000)).__next__)
    run("--from", str(folder))
    assert "█" in terminal.getvalue()
    quiet = StringIO()
    monkeypatch.setattr("sys.stderr", quiet)
    run("--from", str(folder))
    assert quiet.getvalue() == ""


class Official(http.server.BaseHTTPRequestHandler):
    files: dict[str, str] = {}

    def do_GET(self):
        body = self.files.get(self.path.rsplit("/", 1)[-1])
        if body is None:
            self.send_error(404)
            return
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def official() -> Iterator[str]:
    """Give a server on this machine that answers as data.gouv.fr does."""
    contents = {
        "gendarmerie": GENDARMERIE,
        "gendarmerie-hours": GENDARMERIE_HOURS,
        "police": POLICE,
        "competence": COMPETENCE,
    }
    Official.files = {resource: contents[key] for resource, (key, _) in import_locations.RESOURCES.items()}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Official)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/api/1/datasets/r/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_download(official, folder):
    for name in ("a.csv", "c.csv", "d.csv", "e.csv"):
        (folder / name).unlink()
    run("--from", str(folder))
    out = run("--download", "--base-url", official)
    assert out.count("↓") == 4
    assert Competence.objects.filter(municipality="13004").count() == 2
    assert DataEdition.objects.get(source="police").url.startswith("https://www.data.gouv.fr/")


def test_download_of_a_file_with_other_columns(official):
    police = next(resource for resource, (key, _) in import_locations.RESOURCES.items() if key == "police")
    Official.files[police] = "service;telephone\nX;1\n"
    with pytest.raises(CommandError, match="adresse_geographique") as error:
        run("--download", "--base-url", official)
    assert "Rien n'a été modifié" in str(error.value)
    assert not ReceptionPoint.objects.exists()


def test_download_that_answers_an_error(official):
    Official.files.clear()
    with pytest.raises(CommandError, match="réponse 404"):
        run("--download", "--base-url", official)


def test_download_out_of_reach():
    with pytest.raises(CommandError, match="hors d'atteinte") as error:
        run("--download", "--base-url", "http://127.0.0.1:9/", "--timeout", "2")
    assert "--from DOSSIER" in str(error.value)


def test_download_asks_the_official_addresses():
    assert import_locations.BASE_URL == "https://www.data.gouv.fr/api/1/datasets/r/"
    assert "c53cd4d4-4623-4772-9b8c-bc72a9cdf4c2" in import_locations.RESOURCES
