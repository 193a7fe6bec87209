"""These are the help numbers that a sentence may contain, each as a variable, whose digits are only in « Numéros
d'aide »."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """It is a number as it is read (« 116 006 ») and the address that a telephone dials or writes to."""

    display: str
    link: str


@dataclass(frozen=True, slots=True)
class Named:
    """It is a help number and its variable. otherwise: the number that is used when no administrator has entered
    one."""

    meaning: str
    otherwise: Number


NAMED: Mapping[str, Named] = {
    "numero_police": Named("police ou gendarmerie, en urgence", Number("17", "tel:17")),
    "numero_europe": Named("urgence, partout en Europe", Number("112", "tel:112")),
    "numero_samu": Named("urgence médicale", Number("15", "tel:15")),
    "numero_sms": Named("urgence par SMS", Number("114", "sms:114")),
    "numero_suicide": Named("prévention du suicide", Number("3114", "tel:3114")),
    "numero_jeunes": Named("violences numériques, pour les mineurs et les jeunes", Number("3018", "tel:3018")),
    "numero_enfance": Named("enfant en danger", Number("119", "tel:119")),
    "numero_victimes": Named("aide aux victimes", Number("116 006", "tel:116006")),
}
