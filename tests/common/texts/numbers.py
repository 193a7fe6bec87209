"""Numbers that sentences state in words or figures, and what vouches for each.

A sentence may say « dix minutes » only as long as the constant says so. `NUMBERS` has a line for each sentence of the
catalogue, and each template with words of its own, that states a number: the number, and the constant that holds it (a
function, read when it is asked), or a `Fact`, which is no number of ours.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from operator import attrgetter

from django.conf import settings

ROOT = settings.BASE_DIR
WORDS = {
    "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10, "douze": 12,
    "quinze": 15, "vingt": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "cent": 100,
    "mille": 1000,
}  # fmt: skip
ONE = r"une?\s(?=(?:seconde|minute|heure|jour|semaine|mois|an)\b)"
_NUMBER = re.compile(
    rf"(?P<figures>\d+(?:[\s\u00a0\u202f]\d{{3}})*)|\b(?P<word>{'|'.join(WORDS)})\b|\b(?P<one>{ONE})", re.IGNORECASE
)
_VARIABLE = re.compile(r"\{\w+\}")


def numbers_in(text: str) -> Iterator[int]:
    """Yield the numbers that a sentence states, in their order; those of its variables are not its own."""
    for found in _NUMBER.finditer(_VARIABLE.sub("…", text)):
        if found["figures"]:
            yield int(re.sub(r"\s", "", found["figures"]))
        else:
            yield WORDS[found["word"].lower()] if found["word"] else 1


@dataclass(frozen=True, slots=True)
class Fact:
    """A number that the code does not decide. reason: who decides it."""

    reason: str


type Source = Callable[[], float] | Fact


def of(path: str) -> Callable[[], float]:
    """Return the number that a constant holds: « package.module:NAME », divided by what stands after « / »."""
    name, _slash, divisor = path.partition("/")
    module, _colon, attribute = name.partition(":")

    def read() -> float:
        value: float = attrgetter(attribute)(import_module(module))
        return value / float(divisor or 1)

    return read


def written(path: str, pattern: str, divisor: float = 1) -> Callable[[], float]:
    """Return the number that stands in a file that is no module: the first group of the pattern."""

    def read() -> float:
        found = re.search(pattern, (ROOT / path).read_text())
        assert found, f"{path} no longer says {pattern}"
        return float(found[1]) / divisor

    return read


LAW = Fact("a law, its date, an address or a licence")
SERVICE = Fact("the number or the hours of another service: checked by administrators")
EXAMPLE = Fact("an example of what may be typed")
SPEECH = Fact("a way of speaking: it counts nothing that could change")
AGE = Fact("the age of majority, or another one of the law")
ALWAYS = Fact("day and night, every day: what the service is")
ON_THE_PAGE = Fact("counts what stands beside it on the page")

CODE_WORDS = of("chat.rules.resume_words:LENGTH")
MESSAGE = of("chat.messages.protocol:MAX_BODY")
CHOICE_MONTHS = of(f"pnav.pages.display:COOKIE_AGE/{30 * 86400}")

NUMBERS: dict[str, dict[int, Source]] = {
    "accessibility.gap_zoom": {400: Fact("what was not tried: docs/in-progress.md, « Pages of their own »")},
    "accessibility.deliberate_removal_kit": {11: LAW, 13: LAW, 2: ON_THE_PAGE},
    "accessibility.tests_told": {2: Fact("light and dark: `pnav.pages.display.Theme`")},
    "accessibility.appeal_post": dict.fromkeys((7, 71120, 75342), LAW),
    "accessibility.commitment": dict.fromkeys((11, 47, 102, 2005), LAW),
    "busy.danger": {18: AGE},
    "captures.fact_what": {18: AGE},
    "captures.is_arriving": {1: of("chat.captures.receiving:UNFINISHED_AFTER.days")},
    "captures.question": {18: AGE},
    "captures.too_often": {1: of("chat.visitor.captures:FILES_SECONDS/3600")},
    "captures.who_helps": dict.fromkeys((17, 119, 3018), SERVICE),
    "card.card_numbers": dict.fromkeys((17, 112, 114, 3018, 9, 23), SERVICE),
    "chat.after_complaint_professional": {40: LAW},
    "chat.away_danger": {18: AGE},
    "chat.away_told": {2: SPEECH},
    "chat.code_count": {5: CODE_WORDS},
    "chat.code_note": {5: CODE_WORDS},
    "chat.code_required": {5: CODE_WORDS},
    "chat.code_will_go": {10: written("templates/chat/code.html", r'http-equiv="refresh" content="(\d+);', 60)},
    "chat.codes_many": {10: of("chat.visitor.resume:CODES_SECONDS/60")},
    "chat.count": {4000: MESSAGE},
    "chat.resume_hint": {5: CODE_WORDS},
    "chat.too_long": {4000: MESSAGE},
    "chat.tries_many": {10: of("common.network_limits:CODES.seconds/60")},
    "display.kept_told": {6: CHOICE_MONTHS},
    "errors.failure_told": {1: SPEECH},
    "errors.others_listen": dict.fromkeys((9, 23), SERVICE),
    "figures.in_one_minute": {1: Fact("said where the promise is one minute: `pnav.pages.figures`")},
    "figures.last_month": {30: lambda: periods("month")},
    "figures.last_year": {12: lambda: periods("year") // 30},
    "figures.length": {2: Fact("the median")},
    "figures.wait": {2: Fact("the median")},
    "follow_up.other_too_long": {500: of("chat.rules.referral:OTHER_MAX")},
    "frame.description": dict.fromkeys((7, 24), ALWAYS),
    "frame.demo_told": {17: SERVICE},
    "home.lead": dict.fromkeys((7, 24), ALWAYS),
    "search.minors": {18: AGE},
    "guides.minors_title": {18: AGE},
    "guides.removal_step_2": {2: ON_THE_PAGE},
    "guides.removal_step_3": {6: LAW},
    "home.sentence_1": dict.fromkeys((1, 15000), LAW),
    "home.sentence_2": dict.fromkeys((2, 30000), LAW),
    "home.sentence_3": dict.fromkeys((3, 45000), LAW),
    "home.steps_title": {3: ON_THE_PAGE},
    "keeping.code_note": {5: CODE_WORDS},
    "legal.framework_told": dict.fromkeys((10, 337, 2022), LAW),
    "legal.software_told": dict.fromkeys((1, 2), LAW),
    "numbers.always_free": dict.fromkeys((7, 24), SERVICE),
    "numbers.scam_hours": dict.fromkeys((9, 18, 30), SERVICE),
    "numbers.victims_hours": {7: SERVICE},
    "numbers.young_hours": dict.fromkeys((7, 9, 23), SERVICE),
    "opinion.text_hint": {1000: of("pnav.pages.models:FEEDBACK_MAX_LENGTH")},
    "opinion.many": {1: of("common.network_limits:OPINIONS.seconds/3600")},
    "places.given_too_often": {1: of("chat.visitor.place:PLACES_SECONDS/3600")},
    "pages.search_hint_overseas": {97400: EXAMPLE},
    "pages.search_hint": dict.fromkeys((3, 93200), EXAMPLE),
    "places.add_department": {93: EXAMPLE},
    "places.search_hint": dict.fromkeys((3, 93, 93200), EXAMPLE),
    "places.required": {93200: EXAMPLE},
    "places.call_child": {18: AGE},
    "places.call_young": dict.fromkeys((9, 23), SERVICE),
    "privacy.visit_told": {1: Fact("said where a visit lasts an hour: templates/pages/privacy.html")},
    "privacy.cookies_told": {6: CHOICE_MONTHS},
    "privacy.law_told": dict.fromkeys((10, 133, 337, 2021, 2022), LAW),
    "quit.ways_title": {3: ON_THE_PAGE},
    "quit.way_shift": {3: lambda: presses(), 5: written("static/pnav/quick-exit.js", r"WINDOW_MS = (\d+)", 1000)},
    "removal.false": dict.fromkeys((1, 15000), LAW),
    "removal.ground_false_image": dict.fromkeys((226, 8, 1), LAW),
    "removal.ground_harassment": dict.fromkeys((222, 33, 2), LAW),
    "removal.ground_identity": dict.fromkeys((226, 4, 1), LAW),
    "removal.ground_intimate_image": dict.fromkeys((226, 2, 1), LAW),
    "removal.ground_minor_image": dict.fromkeys((227, 23), LAW),
    "removal.ground_private_data": dict.fromkeys((223, 1), LAW),
    "removal.ground_private_life": dict.fromkeys((226, 1), LAW),
    "removal.month_over": {1: LAW},
    "removal.not_asked_line": {16: LAW},
    "removal.notice_subject": dict.fromkeys((2022, 2065, 16), LAW),
    "removal.two_ways": {2: SPEECH},
    "removal.where_host": {16: LAW},
    "removal.who_adult": {18: AGE},
    "removal.who_helps_adult": {18: AGE},
    "removal.who_helps_minor": {18: AGE},
    "removal.who_minor": {18: AGE},
    "follow_up.removal_still_there": {1: LAW},
    "report.age_band_15_17": dict.fromkeys((15, 17), AGE),
    "report.age_band_adult": {18: AGE},
    "report.age_band_under_15": {15: AGE},
    "report.age_band_under_18": {18: AGE},
    "report.of_15_17": dict.fromkeys((15, 17), AGE),
    "report.of_adult": {18: AGE},
    "report.of_under_15": {15: AGE},
    "report.of_under_18": {18: AGE},
    "triage.age_15_17": dict.fromkeys((15, 17), AGE),
    "triage.age_adult": {18: AGE},
    "triage.age_under_15": {15: AGE},
    "triage.neutral_witness_15_17": dict.fromkeys((15, 17), AGE),
    "triage.neutral_witness_adult": {18: AGE},
    "triage.neutral_witness_under_15": {15: AGE},
    "chat.ready_image_minor": {18: AGE},
    "triage.neutral_image_minor": {18: AGE},
    "triage.own_adult": {18: AGE},
    "triage.own_minor": {18: AGE},
    "report.since_longer": {1: Fact("the answer itself: `reports.models.Since`")},
    "report.effort_second_left": {1: Fact("said for one second: templates/reports/effort.html")},
    "closed.doors": {17: SERVICE},
    "copy.late_press": {1: SPEECH},
    "copy_lock.apart": {2: ON_THE_PAGE},
    "report.sealed_told": {2: ON_THE_PAGE},
    "report.too_long": {2: SPEECH},
    "search.figures": {30: lambda: periods("month")},
    "templates/chat/_capture_form.html": {18: AGE},
    "templates/chat/_capture_refused.html": {17: SERVICE},
    "templates/429.html": {1: of("common.network_limits:SIGN_INS.seconds/60")},
    "templates/locations/search.html": dict.fromkeys((7, 24), ALWAYS),
    "templates/components/chat_closed.html": {17: SERVICE},
    "templates/components/safety_bar.html": {2: lambda: presses() - 1} | dict.fromkeys((17, 112, 114), SERVICE),
    "templates/components/three_steps.html": {3: ON_THE_PAGE},
    "templates/pages/home.html": dict.fromkeys((7, 24), ALWAYS),
    "templates/pages/_home_information.html": {18: AGE},
    "templates/pages/figures.html": {
        30: lambda: periods("month"),
        12: lambda: periods("year") // 30,
        4: lambda: weeks("month"),
        52: lambda: weeks("year"),
    },
    "templates/locations/_search_form.html": {1: SPEECH},
    "templates/locations/my_contacts.html": {2: ON_THE_PAGE},
    "templates/pages/_doors.html": {1: SPEECH, 18: AGE},
    "triage.leaves_site": {17: SERVICE},
}


def presses() -> float:
    """Return how often « Majuscule » is pressed to leave."""
    return written("static/pnav/quick-exit.js", r"PRESSES = (\d+)")()


def periods(name: str) -> int:
    """Return the days that the published figures cover."""
    from pnav.pages.figures import PERIODS

    return PERIODS[name]


def weeks(name: str) -> int:
    """Return the weeks that the published figures of contents cover."""
    from pnav.pages.figures import WEEKS

    return WEEKS[name]
