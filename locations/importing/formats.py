"""These are the official formats: what tells each one, and what one row of it means. It takes a row and gives records.

A row that cannot be kept raises Refused with its reason; a row that is kept without one of its fields (a position,
hours) carries the reason as a remark. Reasons are French, are read by the operator, and quote only public data.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from locations import hours
from locations.geography import RefusedPosition, read_position
from locations.importing.reading import SERVICE_LIST
from locations.importing.records import (
    AliasRecord,
    CommuneRecord,
    CompetenceRecord,
    NameRecord,
    PartnerRecord,
    PostalRecord,
    Record,
    Refused,
    UnitRecord,
)
from locations.names import department_of, normalise_name

Cells = Mapping[str, Any]

# The postal codes of Marseille, Lyon and Paris lead to their arrondissements, never to the whole town.
WITH_ARRONDISSEMENTS = frozenset({"13055", "69123", "75056"})


@dataclass(frozen=True)
class Format:
    """It is one official format.

    key names the source in `models.DataEdition`; several formats may not share one.
    required are the columns that tell it, and forbidden those that tell it apart from a neighbour.
    order is the order in which files are loaded, because units need communes and competence needs units.
    source is as in `models.Source`, for units and partners.
    """

    key: str
    title: str
    publisher: str
    required: frozenset[str]
    parse: Callable[[Cells], Iterable[Record]]
    order: int
    forbidden: frozenset[str] = frozenset()
    source: str = ""
    licence: str = "Licence Ouverte"
    url: str = ""

    def fits(self, columns: Iterable[str]) -> bool:
        """Return whether a file with these columns can have this format."""
        names = set(columns)
        return self.required <= names and not self.forbidden & names

    def missing(self, columns: Iterable[str]) -> list[str]:
        """Return the columns that the format needs and the file lacks, in order."""
        return sorted(self.required - set(columns))


def recognise_format(columns: Iterable[str]) -> Format | None:
    """Return the format that these columns tell; None when they tell none, or when the file is not ours."""
    names = set(columns)
    return next((known for known in FORMATS if known.fits(names)), None)


# --- cells --------------------------------------------------------------------------------------------------------


def clean(value: object) -> str:
    """Return a cell as text: line breaks (« | » in DILA's copy) become commas, spaces single, and « null » nothing."""
    text = str(value or "").replace(" | ", ", ").replace("$", ", ")
    text = re.sub(r"\s+", " ", text).strip(" ,")
    if text.casefold() == "null":
        return ""
    return re.sub(r"^null[ ,]+", "", text)


def town_name(value: object) -> str:
    """Return a town as the source writes it, or nothing for what is not a name (one brigade has a latitude there)."""
    text = clean(value)
    return text if re.search(r"[^\W\d]", text) else ""


def clean_name(value: object) -> str:
    """Return a name as it will be shown: typographic apostrophes and dashes become plain, and spaces single."""
    return clean(value).replace("’", "'").replace("–", "-")


def telephone(value: object) -> str:
    """Return one number only, as it is dialled in France: « +33 4 74 38 00 35 » is « 04 74 38 00 35 ».

    Overseas départements are dialled the same way (« +590 5 90 … » is « 05 90 … »); the Pacific and Saint-Pierre keep
    their prefix.
    """
    text = clean(value)
    number = re.sub(r"[^\d+]", "", text)
    number = re.sub(r"^(\+|00)(33|590|594|596|262)0?(?=\d{9}$)", "0", number)
    if re.fullmatch(r"0\d{9}", number[:10]) and len(number) % 10 == 0:
        return " ".join(number[index : index + 2] for index in range(0, 10, 2))
    return text if re.fullmatch(r"\+?[\d .]{2,20}", text) else ""


def web_address(value: object, remarks: list[str]) -> str:
    """Return the address of a site as a browser takes it, at most 500 characters. It is empty where the source has
    none, or one that cannot be read, which is remarked on.
    """
    text = clean(value)
    if not text:
        return ""
    if text.startswith("www."):
        text = f"https://{text}"
    if re.fullmatch(r"https?://[^\s.]+\.\S+", text) and len(text) <= 500:
        return text
    remarks.append("adresse internet illisible, ignorée")
    return ""


def insee(value: object, *, pad: bool = False) -> str:
    """Return the code of a commune (Insee, Code officiel géographique), of five signs. pad says that the source lost
    its first zeros. It raises Refused for anything else.
    """
    text = clean(value).upper()
    if pad and text.isdigit():
        text = text.zfill(5)
    if not re.fullmatch(r"(\d[\dAB]|9[78])\d{3}", text):
        raise Refused("code INSEE illisible" if text else "code INSEE absent")
    return text


def postal(value: object, *, pad: bool = False) -> str:
    """Return a postal code of five digits. pad says that the source lost its zeros in front. It raises Refused for
    anything else."""
    text = clean(value).replace(" ", "")
    if pad and text.isdigit():
        text = text.zfill(5)
    if not re.fullmatch(r"\d{5}", text):
        raise Refused("code postal illisible" if text else "code postal absent")
    return text


def position(latitude: object, longitude: object, remarks: list[str]) -> tuple[float | None, float | None]:
    """Return latitude and longitude in degrees (WGS 84). Both are None where the source has none, or one that cannot
    be, which is remarked on.
    """
    try:
        found = read_position(str(latitude or ""), str(longitude or ""))
    except RefusedPosition as reason:
        remarks.append(f"{reason} : position ignorée")
        return None, None
    return found or (None, None)


def _week(read: Callable[[], hours.Week | None], remarks: list[str]) -> hours.Week | None:
    try:
        return read()
    except hours.UnreadableHours:
        remarks.append("horaires illisibles, ignorés")
        return None


# --- communes -----------------------------------------------------------------------------------------------------


def parse_commune(row: Cells) -> Iterable[Record]:
    """Read a commune or an arrondissement of today (Insee, Code officiel géographique). It raises Refused."""
    remarks: list[str] = []
    code = insee(row["code_insee"])
    kinds = {"commune-actuelle": "commune", "arrondissement-municipal": "arrondissement"}
    if row["type"] not in kinds:
        raise Refused(f"type de commune inconnu : {clean(row['type'])}")
    latitude, longitude = position(row.get("latitude"), row.get("longitude"), remarks)
    population = clean(row.get("population"))
    yield CommuneRecord(
        insee_code=code,
        name=clean(row["nom"]).replace("Arrondissement", "arrondissement"),
        kind=kinds[row["type"]],
        parent=clean(row.get("commune_parente")),
        department_code=clean(row["departement_code"]),
        department_name=clean(row["departement_nom"]),
        region_code=clean(row["region_code"]),
        region_name=clean(row["region_nom"]),
        zone=clean(row["zone"]),
        population=int(population) if population.isdigit() else None,
        postal_codes=(
            ()
            if code in WITH_ARRONDISSEMENTS
            else tuple(postal(part) for part in clean(row["codes_postaux"]).split("|") if part)
        ),
        latitude=latitude,
        longitude=longitude,
        precision="" if latitude is None else "exact",
        remarks=remarks,
    )


def parse_former(row: Cells) -> Iterable[Record]:
    """Read the name of a former commune, which leads to the one of today. It raises Refused for another type."""
    kinds = {"commune-deleguee": "delegated", "commune-associee": "associated"}
    if row["type"] not in kinds:
        raise Refused(f"type de commune inconnu : {clean(row['type'])}")
    yield NameRecord(insee(row["code_commune_actuelle"]), clean(row["nom"]), kinds[row["type"]])


def parse_cedex(row: Cells) -> Iterable[Record]:
    """Read a CEDEX code and the commune of its office. It raises Refused for a code that cannot be read."""
    yield PostalRecord(
        code=postal(row["code_cedex"]),
        insee_code=insee(row["code_insee"]),
        kind="cedex",
        label=clean(row["libelle_cedex"]),
        is_approximate=row.get("methode") == "organisme",
        locality=re.sub(r"(?i)(?<!\s)\s+cedex\b.*", "", clean(row["libelle_cedex"])),
    )


def parse_laposte(row: Cells) -> Iterable[Record]:
    """Read La Poste's file, in both known copies: the official one, and the one that lost its leading zeros."""
    remarks: list[str] = []
    both = clean(row.get("coordonnees_gps") or row.get("_geopoint"))
    latitude, longitude = both.split(",", 1) if "," in both else (row.get("latitude"), row.get("longitude"))
    found = position(latitude, longitude, remarks)
    yield PostalRecord(
        code=postal(row["code_postal"], pad=True),
        insee_code=insee(row["code_commune_insee"], pad=True),
        kind="postal",
        locality=clean(row.get("ligne_5") or row.get("lieux_fuisones")),
        latitude=found[0],
        longitude=found[1],
        remarks=remarks,
    )


# --- units --------------------------------------------------------------------------------------------------------

# Not every unit of the file takes complaints (OpenStreetMap's analysers leave out the same); a « poste provisoire »
# opens for a season only.
_NOT_FOR_THE_PUBLIC = {
    "centre d information et de recrutement": "centre d'information et de recrutement : n'accueille pas les victimes",
    "motorise": "unité motorisée : n'accueille pas le public",
    "motorisee": "unité motorisée : n'accueille pas le public",
    "poste provisoire": "poste provisoire : ouvert une saison seulement",
}


def _unit(row: Cells, *, force: str, read_hours: Callable[[], hours.Week | None], prefix: str = "") -> UnitRecord:
    remarks: list[str] = []
    name = clean_name(row["service"])
    if not name:
        raise Refused("nom de service absent")
    comparable = f" {normalise_name(name)} "
    for words, reason in _NOT_FOR_THE_PUBLIC.items():
        if f" {words} " in comparable:
            raise Refused(reason)
    code = clean(row.get("code_commune_insee")).upper()
    if code:
        try:
            code = insee(code, pad=True)
        except Refused as reason:
            remarks.append(f"{reason}, ignoré")
            code = ""
    department = clean(row.get("departement")).upper()
    department = (department.zfill(2) if department else "") or (department_of(code) if code else "")
    if not re.fullmatch(r"\d[\dAB]|9[78]\d", department):
        raise Refused("département absent" if not department else "département illisible")
    latitude, longitude = (
        (None, None)
        if clean(row.get("x_geo_suspecte")) == "1"
        else position(row.get("geocodage_y_gps"), row.get("geocodage_x_gps"), remarks)
    )
    if clean(row.get("x_geo_suspecte")) == "1":
        remarks.append("position signalée comme douteuse par la source : ignorée")
    postal_code = clean(row.get("code_postal")).replace(" ", "")
    if not re.fullmatch(r"\d{5}", postal_code):
        postal_code = ""
    address = clean(row.get("voie"))
    if not address:
        lines = [clean(line) for line in str(row.get("adresse_geographique") or "").split("$")]
        address = ", ".join(line for line in lines if line and not re.match(r"\d{5} ", line))
        # Some copies have the whole address on one line, so leave out what the other columns say again.
        address = re.sub(rf"(?<!\s)\s+{postal_code or 'x'}\b.*$", "", address)
    url = web_address(row.get(f"{prefix}url") or row.get("url"), remarks)
    dila_id = clean(row.get("x_dila_id"))
    if not dila_id and (found := re.search(r"(gendarmerie|commissariat_police)-[0-9AB]{5}-\d+", url)):
        dila_id = found[0]
    return UnitRecord(
        name=name,
        department_code=department,
        insee_code=code,
        address=address,
        postal_code=postal_code,
        town=town_name(row.get("commune")),
        telephone=telephone(row.get("telephone")),
        url=url,
        latitude=latitude,
        longitude=longitude,
        opening_hours=_week(read_hours, remarks),
        remarks=remarks,
        force=force,
        dila_id=dila_id,
    )


def parse_gendarmerie(row: Cells) -> Iterable[Record]:
    """Read either official resource: its structured hours where it has them, else the text."""

    def read_hours() -> hours.Week | None:
        week = hours.parse_columns(row)
        return week if week is not None else hours.parse_text(clean_hours(row.get("horaires_accueil")))

    unit = _unit(row, force="gendarmerie", read_hours=read_hours)
    public_id = clean(row["identifiant_public_unite"])
    unit.public_id = "" if public_id == "0" else public_id
    yield unit


def clean_hours(value: object) -> str:
    """Return the hours of a unit as the source writes them; they are empty where it writes « null »."""
    text = str(value or "").strip()
    return "" if text.casefold() == "null" else text


def parse_police(row: Cells) -> Iterable[Record]:
    """Read a police station. Hours that cannot be read are remarked on and left out. It raises Refused."""
    text = clean_hours(row.get("x_horaires_accueil"))
    yield _unit(row, force="police", read_hours=lambda: hours.parse_text(text), prefix="x_")


def parse_competence(row: Cells) -> Iterable[Record]:
    """Read which unit answers for a commune (Ministère de l'Intérieur). It raises Refused for another institution, or
    without a unit.
    """
    forces = {"GN": "gendarmerie", "PN": "police"}
    force = forces.get(clean(row["institution"]).upper())
    if not force:
        raise Refused(f"institution inconnue : {clean(row['institution']) or 'vide'}")
    service = clean_name(row["service"])
    if not service:
        raise Refused("nom de service absent")
    public_id = clean(row["id_service"])
    yield CompetenceRecord(insee(row["code_commune"]), force, "" if public_id == "0" else public_id, service)


def parse_alias(row: Cells) -> Iterable[Record]:
    """Read another name of a unit and its id at DILA. It raises Refused where the source knows none."""
    if not clean(row["dila_id"]):
        raise Refused("pas de correspondance dans la source")
    yield AliasRecord(clean_name(row["service_competence"]), clean(row["dila_id"]))


# --- partners -----------------------------------------------------------------------------------------------------

_PARTNER_KINDS = {
    "aav": "aav",
    "bav": "bav",
    "cidf": "cidf",
    "tgi": "tgi",
    "ti": "ti",
    "te": "te",
    "cour_appel": "cour_appel",
    "civi": "civi",
    "mjd": "mjd",
    "antenne_justice": "point_justice",
    "permanence_juridique": "point_justice",
    "point_justice": "point_justice",
    "cdad": "cdad",
    "ordre_avocats": "ordre_avocats",
    "msap": "france_services",
    "france_services": "france_services",
}
_UNIT_TYPES = {
    "gendarmerie": "gendarmerie",
    "gendarmerie_departementale": "gendarmerie",
    "commissariat_police": "police",
}


def parse_partner(row: Cells) -> Iterable[Record]:
    """Read an association, a court or another such service. It raises Refused without a type or a name."""
    remarks: list[str] = []
    kind = _PARTNER_KINDS.get(clean(row["type"]))
    if kind is None:
        raise Refused(f"type de partenaire inconnu : {clean(row['type'])}")
    name = clean_name(row["nom"])
    if not name:
        raise Refused("nom absent")
    code = insee(row["code_commune_insee"])
    if clean(row.get("geo_suspecte")) == "1":
        remarks.append("position signalée comme douteuse par la source : ignorée")
        latitude, longitude = None, None
    else:
        latitude, longitude = position(row.get("latitude"), row.get("longitude"), remarks)
    email, form = _email_or_form(row.get("email_ou_formulaire"))
    postal_code = clean(row.get("code_postal")).replace(" ", "")
    yield PartnerRecord(
        name=name,
        department_code=clean(row["departement"]) or department_of(code),
        insee_code=code,
        address=clean(row.get("voie")),
        postal_code=postal_code if re.fullmatch(r"\d{5}", postal_code) else "",
        town=clean(row.get("commune_insee") or row.get("libelle_acheminement")),
        telephone=telephone(row.get("telephone")),
        url=web_address(row.get("url") or form, remarks),
        latitude=latitude,
        longitude=longitude,
        opening_hours=_week(lambda: hours.parse_text(clean_hours(row.get("horaires"))), remarks),
        remarks=remarks,
        kind=kind,
        dila_id=clean(row["dila_id"]),
        email=email,
        hours_note=clean(row.get("horaires_note")),
        accessibility=clean(row.get("accessibilite")),
    )


def _email_or_form(value: object) -> tuple[str, str]:
    """Tell an e-mail address from the URL of a form, which DILA puts in the same field."""
    text = clean(value)
    if text.startswith(("http://", "https://")):
        return "", text
    return (text, "") if re.fullmatch(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}", text) else ("", "")


def parse_service(service: Cells) -> Iterable[Record]:
    """Read one service of DILA's directory since 2022. Of the 86,000, only units and partners give a record.

    In the flavour of the API the nested fields are JSON texts.
    """
    pivots = _objects(service.get("pivot"))
    types = [str(pivot.get("type_service_local") or "") for pivot in pivots]
    unit_type = next((name for name in types if name in _UNIT_TYPES), None)
    partner_type = next((name for name in types if name in _PARTNER_KINDS), None)
    if unit_type is None and partner_type is None:
        return
    remarks: list[str] = []
    name = clean_name(service.get("nom"))
    if not name:
        raise Refused("nom absent")
    codes = [code for pivot in pivots for code in _nested(pivot.get("code_insee_commune"))]
    code = insee(service.get("code_insee_commune") or (codes[0] if codes else ""))
    places = _objects(service.get("adresse"))
    place = next((place for place in places if place.get("type_adresse") == "Adresse"), places[0] if places else {})
    latitude, longitude = position(place.get("latitude"), place.get("longitude"), remarks)
    postal_code = clean(place.get("code_postal"))
    numbers = [clean(item.get("valeur")) for item in _objects(service.get("telephone"))]
    sites = [item.get("valeur") for item in _objects(service.get("site_internet"))]
    parts = [clean(place.get(part)) for part in ("complement1", "complement2", "numero_voie", "service_distribution")]
    common: dict[str, Any] = {
        "name": name,
        "department_code": department_of(code),
        "insee_code": code,
        "address": ", ".join(part for part in parts if part),
        "postal_code": postal_code if re.fullmatch(r"\d{5}", postal_code) else "",
        "town": town_name(place.get("nom_commune")),
        "telephone": telephone(numbers[0]) if numbers else "",
        "url": web_address(sites[0] if sites else service.get("url_service_public"), remarks),
        "latitude": latitude,
        "longitude": longitude,
        "opening_hours": _week(lambda: hours.parse_ranges(_objects(service.get("plage_ouverture"))), remarks),
        "remarks": remarks,
        "dila_id": clean(service.get("ancien_code_pivot")) or clean(service.get("id")),
    }
    if unit_type is not None:
        comparable = f" {normalise_name(name)} "
        for words, reason in _NOT_FOR_THE_PUBLIC.items():
            if f" {words} " in comparable:
                raise Refused(reason)
        public_id = clean(service.get("partenaire_identifiant"))
        yield UnitRecord(**common, force=_UNIT_TYPES[unit_type], public_id="" if public_id == "0" else public_id)
        return
    emails = [item for item in _nested(service.get("adresse_courriel")) if isinstance(item, str)]
    yield PartnerRecord(
        **common,
        kind=_PARTNER_KINDS[partner_type or ""],
        email=_email_or_form(emails[0] if emails else "")[0],
        hours_note=clean(service.get("commentaire_plage_ouverture")),
        accessibility=clean(place.get("accessibilite")),
    )


def _objects(value: object) -> list[Any]:
    return [item for item in _nested(value) if isinstance(item, dict)]


def _nested(value: object) -> list[Any]:
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            raise Refused("champ imbriqué illisible") from None
    return value if isinstance(value, list) else []


# --- the list -----------------------------------------------------------------------------------------------------

_UNIT_COLUMNS = frozenset({"service", "adresse_geographique", "telephone", "departement", "code_commune_insee"})
_DATASET = "https://www.data.gouv.fr/datasets/"
INTERIOR = "Ministère de l'Intérieur"
DILA = "DILA – Service-public.fr"

FORMATS = (
    Format(
        key="communes",
        title="Code officiel géographique et codes postaux",
        publisher="Insee, La Poste",
        required=frozenset(
            {"code_insee", "nom", "type", "commune_parente", "departement_code", "codes_postaux"}
            | {"departement_nom", "region_code", "region_nom", "zone"}
        ),
        parse=parse_commune,
        order=0,
    ),
    Format(
        key="former-communes",
        title="Communes déléguées et associées",
        publisher="Insee",
        required=frozenset({"code_insee", "nom", "type", "code_commune_actuelle"}),
        parse=parse_former,
        order=1,
    ),
    Format(
        key="laposte",
        title="Base officielle des codes postaux",
        publisher="La Poste",
        required=frozenset({"code_commune_insee", "nom_de_la_commune", "code_postal"}),
        parse=parse_laposte,
        order=2,
    ),
    Format(
        key="cedex",
        title="Codes CEDEX des organismes publics",
        publisher=DILA,
        required=frozenset({"code_cedex", "libelle_cedex", "code_insee"}),
        parse=parse_cedex,
        order=3,
    ),
    Format(
        key="gendarmerie-dila",
        title="Brigades de gendarmerie accueillant du public (base de données locales)",
        publisher=DILA,
        required=_UNIT_COLUMNS | {"identifiant_public_unite", "x_dila_id"},
        parse=parse_gendarmerie,
        order=4,
        source="dila",
    ),
    Format(
        key="police-dila",
        title="Services de police accueillant du public (base de données locales)",
        publisher=DILA,
        required=_UNIT_COLUMNS | {"x_dila_id"},
        forbidden=frozenset({"identifiant_public_unite"}),
        parse=parse_police,
        order=4,
        source="dila",
    ),
    Format(
        key="partners-dila",
        title="Partenaires d'aide aux victimes (base de données locales)",
        publisher=f"{DILA}, Ministère de la Justice",
        required=frozenset({"type", "type_libelle", "dila_id", "nom", "departement", "code_commune_insee"}),
        parse=parse_partner,
        order=5,
        source="dila",
    ),
    Format(
        key="annuaire",
        title="Annuaire de l'administration, base de données locales",
        publisher=f"{DILA}, Ministère de la Justice",
        required=frozenset({SERVICE_LIST}),
        parse=parse_service,
        order=6,
        source="dila",
    ),
    Format(
        key="gendarmerie-hours",
        title="Unités de gendarmerie accueillant du public, avec horaires",
        publisher=INTERIOR,
        required=_UNIT_COLUMNS | {"identifiant_public_unite", "lundi_plage1_debut", "dimanche_plage3_fin"},
        forbidden=frozenset({"x_dila_id"}),
        parse=parse_gendarmerie,
        order=8,
        source="ministry_hours",
        url=f"{_DATASET}5369993fa3a729239d2051cd/",
    ),
    Format(
        key="gendarmerie",
        title="Unités de gendarmerie accueillant du public",
        publisher=INTERIOR,
        required=_UNIT_COLUMNS | {"identifiant_public_unite", "horaires_accueil"},
        forbidden=frozenset({"x_dila_id", "lundi_plage1_debut"}),
        parse=parse_gendarmerie,
        order=7,
        source="ministry",
        url=f"{_DATASET}5369993fa3a729239d2051cd/",
    ),
    Format(
        key="police",
        title="Services de police accueillant du public",
        publisher=INTERIOR,
        required=_UNIT_COLUMNS | {"geocodage_x_gps", "geocodage_y_gps"},
        forbidden=frozenset({"x_dila_id", "identifiant_public_unite"}),
        parse=parse_police,
        order=7,
        source="ministry",
        url=f"{_DATASET}53ba5222a3a729219b7beade/",
    ),
    Format(
        key="police-names",
        title="Correspondance des noms de services de police",
        publisher=f"{INTERIOR}, {DILA}",
        required=frozenset({"service_competence", "dila_id"}),
        parse=parse_alias,
        order=9,
    ),
    Format(
        key="competence",
        title="Compétence territoriale gendarmerie et police nationales",
        publisher=INTERIOR,
        required=frozenset({"code_commune", "institution", "id_service", "service", "codes_postaux"}),
        parse=parse_competence,
        order=10,
        source="ministry",
        url=f"{_DATASET}5489cda0c751df35a24120e7/",
    ),
)
