"""Help numbers that the orientation shows, as data.

Source: the table « Numbers » of the service's reference facts. Hours that are not confirmed are left out rather than
guessed (3919).
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from triage.questions import Text


@dataclass(frozen=True)
class Number:
    """A number to call or to write to.

    display: as people read it. link: a `tel:` or `sms:` address. purpose: for whom. hours: in words, empty when they
    are not confirmed. by_text: reached by SMS rather than by voice.
    """

    display: str
    link: str
    purpose: Text
    hours: Text = ""
    by_text: bool = False


_ALWAYS_FREE = _("24 h/24, 7 j/7, gratuit")

POLICE = Number("17", "tel:17", _("Police ou gendarmerie, en urgence"), _ALWAYS_FREE)
EUROPEAN_EMERGENCY = Number("112", "tel:112", _("Urgence, partout en Europe"), _ALWAYS_FREE)
MEDICAL_EMERGENCY = Number("15", "tel:15", _("Urgence médicale"), _ALWAYS_FREE)
EMERGENCY_BY_TEXT = Number(
    "114",
    "sms:114",
    _("Urgence par SMS, quand on ne peut pas parler ou entendre, ou pour rester discret"),
    _ALWAYS_FREE,
    by_text=True,
)
SUICIDE_PREVENTION = Number("3114", "tel:3114", _("Prévention du suicide"), _ALWAYS_FREE)
DIGITAL_VIOLENCE = Number(
    "3018",
    "tel:3018",
    _("Violences numériques, pour les mineurs et les jeunes"),
    _("7 j/7, de 9 h à 23 h, gratuit, anonyme"),
)
CHILD_IN_DANGER = Number("119", "tel:119", _("Enfant en danger"), _ALWAYS_FREE)
VICTIM_SUPPORT = Number(
    "116 006", "tel:116006", _("France Victimes, pour toutes les victimes"), _("7 j/7, de 9 h à 19 h, gratuit")
)
VIOLENCE_AGAINST_WOMEN = Number("3919", "tel:3919", _("Femmes victimes de violences"))
SCAM_INFORMATION = Number(
    "0805 805 817", "tel:0805805817", _("Info Escroqueries"), _("du lundi au vendredi, de 9 h à 18 h 30")
)
UNWANTED_TEXTS = Number("33700", "sms:33700", _("SMS indésirables"), by_text=True)
