"""These are the help numbers that the orientation shows, as data.

They come from the table « Numbers » of the service's reference facts. Hours that are not confirmed, or that the sources
contradict, are left out rather than guessed (116 006, until 7 or 8 pm). A page shows the hours that the administrators
keep, where they keep any (`current_hours`): those of the 3919 stand there alone.
"""

from dataclasses import dataclass

from triage import texts as triage_texts
from triage.questionnaire.questions import Text


@dataclass(frozen=True)
class Number:
    """It is a number to call or to write to.

    display is the number as people read it. link is a `tel:` or `sms:` address, empty where no source says which.
    purpose says for whom it is. hours are in words, and empty when they are not confirmed. by_text says that it is
    reached by SMS rather than by voice.
    """

    display: str
    link: str
    purpose: Text
    hours: Text = ""
    by_text: bool = False


_ALWAYS_FREE = triage_texts.ALWAYS_FREE.later()

POLICE = Number("17", "tel:17", triage_texts.POLICE.later(), _ALWAYS_FREE)
EUROPEAN_EMERGENCY = Number("112", "tel:112", triage_texts.EUROPE.later(), _ALWAYS_FREE)
MEDICAL_EMERGENCY = Number("15", "tel:15", triage_texts.MEDICAL.later(), _ALWAYS_FREE)
EMERGENCY_BY_TEXT = Number(
    "114",
    "sms:114",
    triage_texts.BY_TEXT.later(),
    _ALWAYS_FREE,
    by_text=True,
)
SUICIDE_PREVENTION = Number("3114", "tel:3114", triage_texts.SUICIDE.later(), _ALWAYS_FREE)
DIGITAL_VIOLENCE = Number(
    "3018",
    "tel:3018",
    triage_texts.YOUNG.later(),
    triage_texts.YOUNG_HOURS.later(),
)
CHILD_IN_DANGER = Number("119", "tel:119", triage_texts.CHILD.later(), _ALWAYS_FREE)
VICTIM_SUPPORT = Number("116 006", "tel:116006", triage_texts.VICTIMS.later(), triage_texts.VICTIMS_HOURS.later())
VIOLENCE_AGAINST_WOMEN = Number("3919", "tel:3919", triage_texts.WOMEN.later())
SCAM_INFORMATION = Number("0805 805 817", "tel:0805805817", triage_texts.SCAM.later(), triage_texts.SCAM_HOURS.later())
# No source says whether one calls it or writes to it, so it has no link.
UNWANTED_TEXTS = Number("33700", "", triage_texts.UNWANTED.later())
