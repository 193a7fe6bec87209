"""These records are what one row of an official file says, whichever format it was written in."""

from dataclasses import dataclass, field

from locations import hours


class Refused(ValueError):
    """A row is not loaded; the message is the reason."""


@dataclass
class CommuneRecord:
    """It is a commune as a file gives it, cleaned and with the columns of no format."""

    insee_code: str
    name: str
    kind: str
    parent: str
    department_code: str
    department_name: str
    region_code: str
    region_name: str
    zone: str
    population: int | None
    postal_codes: tuple[str, ...]
    latitude: float | None
    longitude: float | None
    precision: str
    remarks: list[str] = field(default_factory=list)


@dataclass
class NameRecord:
    """It is a name that leads to a commune; kind is as in `models.PlaceName.Kind`."""

    insee_code: str
    name: str
    kind: str
    remarks: list[str] = field(default_factory=list)


@dataclass
class PostalRecord:
    """It is a postal or CEDEX code that leads to a commune, with the name written beside it."""

    code: str
    insee_code: str
    kind: str
    label: str = ""
    is_approximate: bool = False
    locality: str = ""
    latitude: float | None = None
    longitude: float | None = None
    remarks: list[str] = field(default_factory=list)


@dataclass
class ContactRecord:
    """It is what units and partners have in common: a name, a place, and ways to reach them."""

    name: str
    department_code: str
    insee_code: str
    address: str
    postal_code: str
    town: str
    telephone: str
    url: str
    latitude: float | None
    longitude: float | None
    opening_hours: hours.Week | None
    remarks: list[str] = field(default_factory=list)


@dataclass
class UnitRecord(ContactRecord):
    """It is a police or gendarmerie unit as a file gives it."""

    force: str = ""
    public_id: str = ""
    dila_id: str = ""


@dataclass
class PartnerRecord(ContactRecord):
    """It is a partner as a file gives it."""

    kind: str = ""
    dila_id: str = ""
    email: str = ""
    hours_note: str = ""
    accessibility: str = ""
    presentation: str = ""
    telephone_hours: str = ""


@dataclass
class CompetenceRecord:
    """It says that a unit answers for a commune, as a file gives it."""

    insee_code: str
    force: str
    public_id: str
    service: str
    remarks: list[str] = field(default_factory=list)


@dataclass
class AliasRecord:
    """It is another name of a unit, by which other files mean it."""

    service: str
    dila_id: str
    remarks: list[str] = field(default_factory=list)


Record = CommuneRecord | NameRecord | PostalRecord | UnitRecord | PartnerRecord | CompetenceRecord | AliasRecord
