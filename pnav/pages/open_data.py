"""The open data of the service: which series the file of months holds, and its schema. Pure.

The schema follows Table Schema (https://specs.frictionlessdata.io/table-schema/), which data.gouv.fr and its validator
read. Its texts are in French only, like the codes of administrations beside which it stands.
"""

from datetime import date
from typing import Any, Final

from chat.rules.daily_figures import CHAINS, REMOVAL, ROUNDING, SEPARATE

FILE_NAME: Final = "pnav-chiffres.csv"
FILE_PATH: Final = "/chiffres/chiffres.csv"
SCHEMA_PATH: Final = "/chiffres/schema.json"
# How many months are published, the last twenty years, with some ninety lines for each month.
MONTHS_AT_MOST: Final = 240

# The series of the file. Those that serve only to plan a duty (`chat.statistics.staffing`) are not in it.
SERIES: Final[dict[str, str]] = {
    "people": (
        "toutes les personnes qui ont ouvert un échange, sauf les demandes semblables et muettes closes ensemble"
    ),
    "age": "mineures ou non, d'après l'orientation : minor, not_minor",
    "hour": "heure d'arrivée, à Paris, de 0 à 23",
    "orientation": "résultat de l'orientation",
    "wait": (
        "attente avant la première prise en charge : au plus tant de secondes, more au-delà ; gave_up : partie avant ; "
        "waiting : attendait encore quand la journée a été comptée"
    ),
    "promise": "prise en charge dans le délai promis au jour du compte (in_time), plus tard (late), ou pas (none)",
    "end": "comment l'échange s'est terminé, puis la force de la zone, séparés par deux points ; none : pas terminé",
    "length": "durée de l'échange : au plus tant de secondes, more au-delà ; none : pas terminé",
    "voices": "un seul interlocuteur (one), plusieurs (several) ; none : pas terminé",
    REMOVAL: "contenus dont le retrait a été demandé : removed, still_there ; en réponses, par semaine de la réponse",
}

FIELDS: Final[list[dict[str, Any]]] = [
    {
        "name": "mois",
        "title": "Mois",
        "description": "Mois de l'arrivée, à Paris ; seuls les mois entiers y sont.",
        "type": "yearmonth",
        "example": "2026-03",
        "constraints": {"required": True},
    },
    {
        "name": "serie",
        "title": "Série",
        "description": "Ce qui est compté. " + " ".join(f"{name} : {said}." for name, said in SERIES.items()),
        "type": "string",
        "example": "wait",
        "constraints": {"required": True, "enum": list(SERIES)},
    },
    {
        "name": "valeur",
        "title": "Valeur",
        "description": "La part de la série dont c'est le nombre. Une valeur sans ligne pour un mois a zéro.",
        "type": "string",
        "example": "180",
        "constraints": {"required": True},
    },
    {
        "name": "personnes",
        "title": "Personnes",
        "description": (
            f"Nombre de personnes, multiple de {ROUNDING} : arrondi au hasard, jour par jour, avant d'être gardé. Le "
            "total d'une série, sauf hour, est juste à moins de 10 près pour toute période ; une part l'est moins."
        ),
        "type": "integer",
        "example": 120,
        "constraints": {"required": True, "minimum": ROUNDING},
    },
]


def first_month(before: date) -> date:
    """Return the first day of the first month of the file, which ends before this first day of a month."""
    months = 12 * before.year + before.month - 1 - MONTHS_AT_MOST
    return date(months // 12, months % 12 + 1, 1)


def schema() -> dict[str, Any]:
    """Return the schema, as JSON holds it."""
    return {
        "$schema": "https://frictionlessdata.io/schemas/table-schema.json",
        "name": "pnav-chiffres",
        "title": "Chiffres du service Pnav, par mois",
        "description": (
            "Ce que le service a fait, par mois entier depuis l'ouverture. Les nombres sont arrondis avant d'être "
            "gardés, pour que personne ne soit reconnu ; effacer un échange n'en change aucun."
        ),
        "version": "1.0.0",
        "created": "2026-11-28",
        "lastModified": "2026-11-28",
        "licenses": [
            {
                "name": "etalab-2.0",
                "title": "Licence Ouverte 2.0",
                "path": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
            }
        ],
        "resources": [{"title": FILE_NAME, "path": FILE_PATH}],
        "fields": FIELDS,
        "primaryKey": ["mois", "serie", "valeur"],
        "missingValues": [""],
    }


assert set(SERIES) <= {*CHAINS, *SEPARATE}  # noqa: S101  a check of this module
