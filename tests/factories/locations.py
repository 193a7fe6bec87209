"""Places for tests. All values are invented unless a test names them."""

from itertools import count
from typing import Any

from locations.models import Competence, Force, Municipality, Partner, PlaceName, PostalCode, ReceptionPoint, Source
from locations.names import department_of, normalise_name, normalise_place

_numbers = count(1)


def municipality(
    name: str = "Bourgneuf", insee_code: str = "", postal_codes: tuple[str, ...] = (), **fields: Any
) -> Municipality:
    """Return a commune with its name and postal codes, as an import stores it.

    insee_code: one of the Ain by default.
    """
    insee_code = insee_code or f"01{next(_numbers) % 1000:03}"
    department = department_of(insee_code)
    defaults: dict[str, Any] = {
        "name": name,
        "department_code": department,
        "department_name": f"Département {department}",
        "department_search": normalise_name(f"Département {department}"),
        "region_code": "84",
        "region_name": "Région",
        "zone": "metro" if len(department) == 2 else "drom",
        "population": 1000,
    }
    defaults.update(fields)
    if defaults.get("latitude") is not None:
        defaults.setdefault("precision", "exact")
    created = Municipality.objects.create(insee_code=insee_code, **defaults)
    PlaceName.objects.create(municipality=created, name=name, search=normalise_place(name), kind="current")
    for code in postal_codes:
        PostalCode.objects.create(code=code, municipality=created)
    return created


def reception_point(
    name: str = "Commissariat de police de Bourgneuf", *, for_: Municipality | None = None, **fields: Any
) -> ReceptionPoint:
    """Return a unit, which is competent for the commune `for_` when one is given."""
    defaults: dict[str, Any] = {
        "name": name,
        "force": Force.GENDARMERIE if "endarmerie" in name else Force.POLICE,
        "key": f"test:{next(_numbers)}",
        "department_code": for_.department_code if for_ else "01",
        "municipality": for_,
        "source": Source.MINISTRY,
    }
    unit = ReceptionPoint.objects.create(**{**defaults, **fields})
    if for_:
        Competence.objects.create(municipality=for_, reception_point=unit, source=Source.MINISTRY)
    return unit


def partner(name: str = "Aide aux victimes de l'Ain", **fields: Any) -> Partner:
    """Return a local association of victim help, in the Ain unless told otherwise."""
    defaults: dict[str, Any] = {
        "name": name,
        "kind": Partner.Kind.VICTIM_HELP,
        "key": f"test:{next(_numbers)}",
        "department_code": "01",
        "source": Source.DILA,
    }
    return Partner.objects.create(**{**defaults, **fields})
