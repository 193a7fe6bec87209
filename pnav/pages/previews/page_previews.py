"""The pages outside the exchange, each in the situations that its sentences are said in: for `text_previews`.

Whatever stands in them is invented: no place, no unit, no person.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace as Made
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.messages import INFO
from django.contrib.messages.storage.base import Message
from django.http import HttpResponse
from django.utils import timezone

import triage.numbers
from common.texts import languages
from locations import texts as location_texts
from locations.forms import ChoiceForm, SearchForm
from locations.hours import Line, Opening
from pnav.pages import figures, waiting_time
from pnav.pages.build import failure_page
from pnav.pages.forms import DisplaySettingsForm, FeedbackForm
from pnav.pages.frame.links import Links
from pnav.pages.information import Page, content_context, content_template, read_information
from pnav.pages.models import FEEDBACK_MAX_LENGTH, RemovalPlatform
from pnav.pages.previews.trials import Draw, Trial, draw_page
from pnav.pages.removal import kit
from pnav.pages.removal.forms import OTHER, PlatformForm, RequestForm
from pnav.pages.removal.letters import write_letters
from pnav.pages.texts import card as card_texts
from pnav.pages.texts import descriptions as description_texts
from pnav.pages.texts import frame as frame_texts
from pnav.pages.texts import guides as guide_texts
from pnav.pages.texts import obligatory as obligatory_texts
from pnav.pages.texts import pages as page_texts
from pnav.pages.texts import quick_exit as quick_exit_texts
from pnav.pages.texts import removal as removal_texts
from reports import texts as report_texts
from reports.forms import AddedForm, ReportForm
from reports.models import Report
from triage import rules
from triage import texts as triage_texts
from triage.numbers import Number
from triage.questionnaire.outcomes import OPEN_DOOR, WRITE_NOW
from triage.questionnaire.questions import BY_ID, DOOR, QUESTIONS, SAFETY, Voice
from triage.questionnaire.results import BUILT_IN
from triage.views import question_page, result_page

MOMENT = datetime(2027, 3, 3, 14, 35)  # noqa: DTZ001  made aware below, in the time of the site
TELEPHONE, TELEPHONE_LINK = "01 23 45 67 89", "tel:0123456789"


def always_draw(template: str, **context: Any) -> Draw:
    return lambda trial: draw_page(trial, template, context)


def _moment() -> datetime:
    return timezone.make_aware(MOMENT)


def as_message(trial: Trial) -> list[Message]:
    """The text as a message above the next page."""
    return [Message(INFO, trial.text)]


# --- the frame, errors, information -----------------------------------------------------------------------------------

EDITION = Made(title="Code officiel géographique", publisher="Insee", licence="Licence Ouverte", edition="2026")
LEGAL = {"publisher": "", "director": "", "hosting_company": "", "contact_email": ""}


def _anybody(trial: Trial) -> Trial:
    """The same for somebody who has not signed in."""
    request = copy.copy(trial.request)
    request.user = AnonymousUser()
    return replace(trial, request=request)


def _home(wait: waiting_time.Range = (2, 6)) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        information = {**read_information(), "updated_on": date(2027, 3, 3)}
        context = {"information": information, "is_preview": True, "wait": waiting_time.say(wait)}
        return draw_page(trial, "pages/home.html", context)

    return draw


def _guide(kept: Page) -> Draw:
    return lambda trial: draw_page(trial, content_template(kept), content_context(kept))


def _removal_kit(
    *, who: str = "adult", intimate: bool = False, site: str = "", is_written: bool = False, **given: Any
) -> Draw:
    """The removal kit for a made site (any other one: empty), as somebody sees who chose it."""

    def draw(trial: Trial) -> HttpResponse:
        familiar = trial.familiar
        row = RemovalPlatform(slug="site", name=site, kind="network", url="https://exemple.fr", where="…")
        row.verified_on = date(2027, 3, 3)
        rows = [row] if site else []
        said: dict[str, Any] = {"platform": "site" if site else OTHER, "who": who, "intimate": intimate}
        context = {**kit.kit_context(rows, said), "has_exchange": True, "familiar": familiar}
        context["helpers"] = [RemovalPlatform(name="…", where="…")]
        typed = {**said, **given} if given or is_written else None
        fact = trial.text if trial.sentence is removal_texts.FACT_LINE else "…"
        form = RequestForm(typed, platforms=rows, familiar=familiar, facts=[("…", fact)])
        if is_written and form.is_valid():
            written = {"site": site, "is_minors_image": context["is_minors_image"]}
            context["letters"] = write_letters(form.cleaned_data, **written)
            context["later"] = kit.days_to_look(date(2027, 3, 3))
        return draw_page(trial, "pages/removal_kit.html", {**context, "form": form})

    return draw


def _removal_choice(given: Mapping[str, str] | None = None) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        choice = PlatformForm(given, platforms=[], familiar=trial.familiar)
        return draw_page(trial, "pages/removal_kit.html", {"choice": choice})

    return draw


_SITE = removal_texts.SITE.example
_WRITTEN: dict[str, Any] = {
    "steps": "…",
    "period": "…",
    "addresses": "…",
    "account": "…",
    "description": "…",
    "reasons": "…",
}
REMOVAL = (
    _removal_choice(),
    _removal_choice({"platform": ""}),
    _removal_kit(site=_SITE),
    _removal_kit(who="helps_minor", intimate=True),
    _removal_kit(email="x", grounds=["x"]),
    _removal_kit(name="x" * 201),
    _removal_kit(site=_SITE, is_written=True, **_WRITTEN),
)


def _removal_letter(trial: Trial) -> HttpResponse:
    """The letters, whose lines hold the example of what somebody wrote; with every ground."""
    text = removal_texts.TEXT.example
    filled: Any = dict.fromkeys(("steps", "period", "addresses", "account", "description", "reasons", "name"), text)
    grounds = [key for key, ground in removal_texts.OPTIONS["grounds"].items() if ground is trial.sentence]
    if removal_texts.NOT_ASKED_LINE is trial.sentence:
        filled["name"] = ""
        return _removal_kit(site=_SITE, who="helps_minor", intimate=True, is_written=True, **filled)(trial)
    return _removal_kit(site=_SITE, is_written=True, **filled | {"grounds": grounds})(trial)


def _feedback(**given: str) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        form = FeedbackForm(given or None)
        if trial.sentence is obligatory_texts.OPINIONS_MANY and given:
            form.add_error(None, trial.text)
        return draw_page(trial, "pages/feedback.html", {"form": form})

    return draw


def _display(**given: str) -> Draw:
    return lambda trial: draw_page(trial, "pages/display_settings.html", {"form": DisplaySettingsForm(given or None)})


def _figures(*, has_outcomes: bool) -> Draw:
    words = obligatory_texts

    def cells(how: Any) -> list[str]:
        return [how.say(n=how.variables[0].example), words.NOT_PUBLISHED.say()]

    def draw(trial: Trial) -> HttpResponse:
        promise = words.IN_MINUTES if has_outcomes else words.IN_ONE_MINUTE
        outcomes = [(one.say(), cells(words.ABOUT)) for one in [*words.OPTIONS["outcome"].values(), words.OTHERS]]
        shown = [(value, 120) for value in words.OPTIONS["outcome"]]
        shares = {key: 93 for key, _label, how in figures.LINES if how is words.PERCENT}
        periods = [{"key": key, "outcomes": shown, **shares, "minors": None} for key in figures.PERIODS]
        context = {
            "end": _moment(),
            "computed_at": _moment(),
            "shares": figures.draw_shares(periods, promise.say(minutes=words.IN_MINUTES.variables[0].example)),
            "drawn_outcomes": [figures.draw_outcomes(one) for one in periods] if has_outcomes else [],
            "lines": [
                (words.OPENED.say(), cells(words.ABOUT)),
                (words.MINORS.say(), cells(words.PERCENT)),
                (words.ANSWERED.say(), cells(words.PERCENT)),
                (promise.say(minutes=words.IN_MINUTES.variables[0].example), cells(words.PERCENT)),
                (words.WAIT.say(), cells(words.MINUTES)),
                (words.GAVE_UP.say(), cells(words.PERCENT)),
                (words.LENGTH.say(), cells(words.MINUTES)),
                (words.ONE_PERSON.say(), cells(words.PERCENT)),
            ],
            "outcomes": outcomes if has_outcomes else [],
            "years": [("2027", False), ("2026", True)],
            "year_lines": [(words.OPENED.say(), cells(words.ABOUT))],
            "drawn_years": figures.draw_years([{"key": "2027", "opened": 120}, {"key": "2026", "opened": None}]),
            "at_least": 10,
            "removals": [(one.say(), cells(words.ABOUT)) for one in words.OPTIONS["removal"].values()],
            "removal_days": 30,
        }
        return draw_page(trial, "pages/figures.html", context)

    return draw


def _privacy(**more: Any) -> Draw:
    days = dict.fromkeys(("retention_days", "erased_days", "tombstone_days", "feedback_days"), 365)
    given = {**days, "session_hours": 12, "watched_minutes": 60, "contact_email": "", "demo_notice": False}
    return always_draw("pages/privacy.html", **given | more)


def _described(trial: Trial) -> HttpResponse:
    """Any page, with the text where search engines read it."""
    address = "https://pnav.example/"
    links = Links(canonical=address, alternates=[], default=address, description=trial.text, picture=address)
    return draw_page(trial, "pages/legal.html", {**LEGAL, "page_links": links})


_legal = always_draw("pages/legal.html", **LEGAL, demo_notice=True, data_editions=[EDITION])
_named = {"publisher": "…", "director": "…", "hosting_company": "…", "contact_email": "contact@exemple.fr"}

# --- the orientation --------------------------------------------------------------------------------------------------


def _question(name: str, *, error: str = "", discreet: bool = False, **said: str) -> Draw:
    """The page of one question of the code, with an answer that was given before. said: more of them."""

    def draw(trial: Trial) -> HttpResponse:
        answers = {SAFETY: "no", DOOR: "helper", name: BY_ID[name].options[0].value} | said
        voice = Voice(familiar=trial.familiar)
        context = question_page(BY_ID[name], answers, BUILT_IN, refusal=error, voice=voice, discreet=discreet)
        context["discreet"] = discreet
        context["messages"] = as_message(trial) if trial.sentence.place is report_texts.TO_HERE else []
        return draw_page(trial, "triage/question.html", context)

    return draw


def _result(trial: Trial) -> HttpResponse:
    """Where the answers lead that show this sentence: the site of 17 Cyber, or the tchat."""
    safe = {SAFETY: "no", DOOR: "minor" if trial.familiar else "adult"}
    answers = {"triage.leaves_site": {**safe, "facts": "content", "content_kind": "public"}}.get(
        trial.sentence.key, {**safe, "facts": "couple"}
    )
    # The questionnaire of the code: these answers are its own, whatever version is in force.
    assessment = rules.assess_answers(answers, under=BUILT_IN)
    return draw_page(trial, "triage/result.html", result_page(assessment, answers, BUILT_IN) | {"lines": []})


NUMBERS = [value for value in vars(triage.numbers).values() if isinstance(value, Number)]
# Administrators keep their own hours for the numbers that they keep: those of the code are said of the others.
UNKEPT = [replace(number, display="…") for number in NUMBERS]


def _made_result(
    *, calls_first: bool, numbers: list[Number], is_door_first: bool = False, is_discreet: bool = False
) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        site = Made(name="17Cyber", url="https://17cyber.gouv.fr/", explanation="…")
        assessment = Made(
            title="…",
            reasons=["…"],
            service=["…"],
            prepare=["…"],
            calls_first=calls_first,
            first_numbers=numbers,
            other_numbers=numbers,
            destination=None if is_door_first else site,
            destination_beside=site,
            opens_chat=False,
            open_door=OPEN_DOOR,
            write_now=WRITE_NOW,
        )
        context = {
            "assessment": assessment,
            "previous": QUESTIONS[0],
            "lines": [{"text": "…", "answer": "…", "slug": QUESTIONS[0].slug}],
            "is_danger": calls_first,
            "is_door_first": is_door_first,
            "discreet": is_discreet,
            "messages": as_message(trial) if trial.sentence.place is report_texts.TO_HERE else [],
        }
        return draw_page(trial, "triage/result.html", context)

    return draw


# --- the point d'accueil ----------------------------------------------------------------------------------------------


class _Town(Made):
    def __str__(self) -> str:
        return str(self.name)


TOWN = _Town(pk="35238", name="Rennes", department_name="Ille-et-Vilaine")


def _unit(**more: Any) -> Made:
    known = {
        "pk": "1",
        "name": "Commissariat de police",
        "address_lines": ["1 rue de la Paix"],
        "itinerary_url": "#apercu",
        "telephone": TELEPHONE,
        "telephone_uri": TELEPHONE_LINK,
        "hours_in_words": [Line("lundi", "8 h")],
        "opening_hours": Made(holidays=""),
        "get_source_display": "Service-public.fr",
        "force": "police",
        "get_force_display": lambda: "Police nationale",
        "is_example": True,
        "verified_on": date(2027, 3, 3),
    }
    return Made(**known | more)


def _choice(**more: Any) -> Made:
    return Made(
        **{
            "municipality": TOWN,
            "postal_code": "35000",
            "reception_point": _unit(),
            "is_nearest": False,
            "is_example": True,
        }
        | more
    )


def _partner(**more: Any) -> Made:
    known = {
        "name": "France Victimes 35",
        "kind": "aav",
        "get_kind_display": "Association",
        "presentation": "",
        "address_lines": [],
        "telephone": TELEPHONE,
        "telephone_uri": TELEPHONE_LINK,
        "telephone_hours": "",
        "accessibility": "ACC",
        "opening_hours": {},
        "hours_in_words": [Line("lundi", "9 h")],
        "url": "#apercu",
        "is_example": True,
    }
    return Made(**known | more)


def _groups() -> list[Made]:
    words = location_texts
    partners = [(_partner(opening_hours={"mon": []}), 12), (_partner(accessibility="DEM"), None)]
    titles = (words.HELP, words.MIND, words.LAW, words.COURTS, words.FORMALITIES)
    return [
        Made(title=title.say(), note=words.COURTS_NOTE.say() if title is words.COURTS else "", partners=partners)
        for title in titles
    ]


def _contacts(unit: Made | None, opening: Opening | None, *, is_nearest: bool = False, has_help: bool = True) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        context = {
            "choice": _choice(reception_point=unit, is_nearest=is_nearest),
            "unit": unit,
            "opening": opening,
            "partners": Made(groups=_groups(), has_local_help=has_help, national=[]),
            "has_examples": True,
            "has_other_units": True,
        }
        return draw_page(trial, "locations/my_contacts.html", context)

    return draw


_OPEN = Opening(is_open=True, until="18 h")
_CLOSED = Opening(is_open=False, next_day="demain", next_time="18 h")
_HOLIDAY = Opening(is_open=None)
_SILENT = {"telephone": "", "telephone_uri": "", "address_lines": []}
CONTACTS = (
    _contacts(_unit(), _OPEN),
    _contacts(_unit(), _CLOSED, is_nearest=True, has_help=False),
    _contacts(_unit(), _HOLIDAY),
    _contacts(_unit(**_SILENT), _HOLIDAY),
    _contacts(_unit(hours_in_words=[]), None),
    _contacts(_unit(hours_in_words=[], **_SILENT), None),
    _contacts(None, None),
)


def _search(
    form: SearchForm | None = None, *, choice: Made | None = None, purpose: str = "echange", discreet: bool = False
) -> Draw:
    places = (report_texts.TO_HERE, location_texts.SEARCH)

    def draw(trial: Trial) -> HttpResponse:
        # What was just done, or is still missing, stands above.
        messages = (
            as_message(trial) if form is None and trial.sentence.place in places and trial.sentence in SAID else []
        )
        context: dict[str, Any] = {"form": form, "typed": "", "purpose": purpose, "choice": choice}
        context |= {"messages": messages, "many": location_texts.MANY.variables[0].example, "discreet": discreet}
        return draw_page(trial, "locations/search.html", context)

    return draw


SAID = (
    location_texts.PLACE_REMOVED,
    location_texts.PERSON_REMOVED,
    location_texts.PLACE_FIRST,
    report_texts.PLACE_FIRST,
)
SEARCH = (
    _search(choice=_choice(is_nearest=True)),
    _search(SearchForm({"q": ""})),
    _search(SearchForm({"q": "x" * 500})),
    _search(discreet=True),
)


def _select(*, has_units: bool, error: str = "") -> Draw:
    match = Made(unit=_unit(), is_competent=False, distance_km=12)
    place = Made(municipality=TOWN, postal_code="35000", found_as="Lyon 3e", units=[match] if has_units else [])

    others = [Made(text="Lyon", label="Lyon")] if has_units else []

    def draw(trial: Trial) -> HttpResponse:
        form = None
        if error:
            form = ChoiceForm({"service": ""})
            if error == "gone":
                form = ChoiceForm({"service": "00000__"})
                form.errors["service"] = [location_texts.SERVICE_GONE.say()]  # type: ignore[assignment]
        context = {
            "lookup": Made(is_cedex=True, cedex_is_approximate=True, is_overseas=True, others=others),
            "places": [place],
            "folded": [place],
            "form": form,
            "has_examples": True,
            "has_unknown_competence": True,
        }
        return draw_page(trial, "locations/select.html", context)

    return draw


def _towns(trial: Trial) -> HttpResponse:
    town = Made(pk="13004", name="Arles", department_name="Bouches-du-Rhône")
    place = Made(municipality=town, postal_code="13200", units=[])
    others = [Made(text="Lyon", label="Lyon")]
    return draw_page(
        trial,
        "locations/towns.html",
        {"lookup": Made(others=others), "places": [place], "folded": [place], "typed": "…"},
    )


def _not_found(*, has_suggestions: bool, abroad: str = "") -> Draw:
    some = [Made(text="Lyon", label="Lyon")]
    lookup = Made(suggestions=some if has_suggestions else [], is_cedex=True, abroad=abroad)
    return always_draw("locations/not_found.html", lookup=lookup, large_towns=some, typed="…")


CHOSEN = (
    always_draw("locations/chosen.html", choice=_choice(is_nearest=True)),
    always_draw("locations/chosen.html", choice=_choice(reception_point=None)),
)
REMOVE = (
    always_draw("locations/remove.html", choice=_choice(), what="place"),
    always_draw("locations/remove.html", choice=_choice(), what="interlocutor"),
)

# --- the signalement --------------------------------------------------------------------------------------------------


def _report(
    given: Mapping[str, Any] | None = None, *, is_stale: bool = False, discreet: bool = False, **said: str
) -> Draw:
    """said: by the orientation, in place of a victim of 18 or more."""

    def draw(trial: Trial) -> HttpResponse:
        initial = {"role": "victim", "age_band": "adult"} | said
        form = ReportForm(given, initial=initial, familiar=trial.familiar, discreet=discreet)
        context = {"form": form, "submission_id": "", "choice": _choice(is_nearest=True), "is_stale": is_stale}
        context["discreet"] = discreet
        return draw_page(trial, "reports/create.html", context)

    return draw


REPORT = (
    _report(),
    _report({"role": "x", "age_band": "x", "since": "x"}),
    _report({"name": "x" * 10_000}),
    _report({"role": "victim"}, is_stale=True),
    _report(discreet=True),
    _report({"role": "x"}, discreet=True, role="witness"),
    _report(discreet=True, role="witness", age_band="unknown"),
)


def _added(given: Mapping[str, Any] | None = None, *, discreet: bool = False) -> Draw:
    """What is added to a signalement that is filed."""

    def draw(trial: Trial) -> HttpResponse:
        form = AddedForm.of(Report(age_band="adult"), given, familiar=trial.familiar, discreet=discreet)
        return draw_page(trial, "reports/add.html", {"form": form, "discreet": discreet})

    return draw


def _as_helped(age_band: str) -> Draw:
    """As a professional reads it, for a person of this age."""

    def draw(trial: Trial) -> HttpResponse:
        form = ReportForm(initial={"role": "professional", "age_band": age_band}, familiar=trial.familiar)
        context = {"form": form, "submission_id": "", "choice": _choice(), "is_stale": False}
        return draw_page(trial, "reports/create.html", context)

    return draw


def _as_said(field: str, value: str) -> Draw:
    """With this answer of the orientation among what was already said."""

    def draw(trial: Trial) -> HttpResponse:
        form = ReportForm(initial={"role": "victim", "age_band": "adult", field: value}, familiar=trial.familiar)
        context = {"form": form, "submission_id": "", "choice": _choice(), "is_stale": False}
        return draw_page(trial, "reports/create.html", context)

    return draw


EFFORT = tuple(
    always_draw("reports/effort.html", kept=Made(seconds_left=seconds), token="", bits=0) for seconds in (8, 1, 0)
)


ANNOUNCED = Made(text="…", text_familiar="…", is_warning=False)


def _closed(reason: str, *, is_open: bool = False, discreet: bool = False) -> Draw:
    """The page of who comes to the chat while it is closed."""
    end = "" if is_open else report_texts.CLOSED_UNTIL.variables[0].example
    told = Made(reason=reason, end=end, text="", text_familiar="")
    return always_draw("chat/begin.html", chat_closed=told, discreet=discreet, numbers=())


CLOSED = (
    *(_closed(reason) for reason in ("maintenance", "incident", "staff")),
    _closed("staff", is_open=True),
    _closed("staff", discreet=True),
    _closed("staff", is_open=True, discreet=True),
)

# --- where each place is drawn ----------------------------------------------------------------------------------------

QUESTIONS_PAGES = (
    _question("danger"),
    _question("facts"),
    _question("helped"),
    _question("helped", own_age="minor"),
    _question("danger", error="required"),
    _question("danger", error="invalid_choice"),
    *(_question(name, discreet=True) for name in triage_texts.NEUTRAL),
)
RESULTS = (
    _result,
    _made_result(calls_first=True, numbers=NUMBERS),
    _made_result(calls_first=False, numbers=NUMBERS, is_door_first=True),
    _made_result(calls_first=False, numbers=NUMBERS, is_discreet=True),
    _made_result(calls_first=True, numbers=NUMBERS, is_discreet=True),
)


def _said_by_a_proxy(trial: Trial) -> HttpResponse:
    words = [(languages.current(), failure_page.say(is_first=True))]
    return draw_page(trial, "proxy_failure.html", {"words": words})


ERRORS: tuple[Draw, ...] = (
    always_draw("404.html"),
    always_draw("403.html"),
    always_draw("403_csrf.html"),
    always_draw("bad_request.html"),
    always_draw("500.html"),
    _said_by_a_proxy,
    lambda trial: draw_page(_anybody(trial), "429.html", {}),
)
BUSY = tuple(
    always_draw("503.html", kind=kind, style="", seconds=5) for kind in ("page", "sent", "form", "frame", "too_large")
)
FRAME: tuple[Draw, ...] = (
    _legal,
    always_draw("pages/legal.html", **LEGAL, demo_notice=False),
    always_draw("pages/legal.html", **LEGAL, demo_notice=False, discreet=True),
    *(always_draw("404.html", announcements=[ANNOUNCED], discreet=seen) for seen in (False, True)),
)

DRAW: Mapping[str, tuple[Draw, ...]] = {
    frame_texts.FRAME.key: FRAME,
    frame_texts.NUMBERS.key: (_guide(Page.NUMBERS), *RESULTS),
    frame_texts.ERRORS.key: ERRORS,
    frame_texts.BUSY.key: BUSY,
    frame_texts.EVERYWHERE.key: (
        _home(),
        *FRAME,
        *SEARCH,
        *RESULTS,
        *REPORT,
        CONTACTS[0],
        _not_found(has_suggestions=False),
        *(_guide(kept) for kept in Page if kept != Page.HOME),
        _question("facts"),
        _question("danger"),
        always_draw("pages/feedback_thanks.html"),
        EFFORT[2],
        _privacy(),
        _feedback(rating="x", page="home"),
        _feedback(rating="yes", page="x", text="x" * (FEEDBACK_MAX_LENGTH + 200)),
        _feedback(rating="", page="", text="x" * (FEEDBACK_MAX_LENGTH + 200)),
    ),
    obligatory_texts.OPINION.key: (
        _feedback(),
        _feedback(rating="", page="", text="x" * 1200),
        _feedback(rating="x", page="x"),
        always_draw("pages/feedback_thanks.html"),
    ),
    obligatory_texts.DISPLAY.key: (
        _display(),
        _display(theme="", language=""),
        _display(next="/"),
        _display(theme="x", language="x"),
    ),
    obligatory_texts.LEGAL.key: (_legal, always_draw("pages/legal.html", **_named, demo_notice=False)),
    obligatory_texts.PRIVACY.key: (
        _privacy(demo_notice=True),
        _privacy(session_hours=1, contact_email="contact@exemple.fr"),
    ),
    obligatory_texts.ACCESSIBILITY.key: (
        always_draw("pages/accessibility.html", contact_email=""),
        always_draw("pages/accessibility.html", contact_email="contact@exemple.fr"),
    ),
    obligatory_texts.FIGURES.key: (_figures(has_outcomes=True), _figures(has_outcomes=False)),
    page_texts.HOME.key: (_home(), _home((0, 2)), _home((90, 150)), _home(None)),
    card_texts.CARD.key: (
        always_draw("pages/card.html", address="https://pnav.example/", said_address="pnav.example"),
    ),
    description_texts.SEARCH.key: (_described,),
    removal_texts.KIT.key: REMOVAL,
    removal_texts.LETTER.key: (_removal_letter,),
    guide_texts.GUIDES.key: tuple(_guide(kept) for kept in Page if kept != Page.HOME),
    quick_exit_texts.QUIT.key: (always_draw("pages/quit.html"),),
    location_texts.SEARCH.key: SEARCH,
    location_texts.SELECT.key: (
        _towns,
        _select(has_units=True),
        _select(has_units=False),
        _select(has_units=True, error="required"),
        _select(has_units=True, error="gone"),
    ),
    location_texts.NOT_FOUND.key: (
        _not_found(has_suggestions=True),
        _not_found(has_suggestions=False),
        _not_found(has_suggestions=False, abroad="Belgique"),
    ),
    location_texts.CHOSEN.key: CHOSEN,
    location_texts.REMOVE.key: REMOVE,
    location_texts.CONTACTS.key: CONTACTS,
    location_texts.AROUND.key: (*SEARCH, *CHOSEN, *REMOVE, *CONTACTS[:2], _not_found(has_suggestions=False)),
    report_texts.REPORT.key: (
        *(_as_helped(age) for age in ("adult", "under_15", "15_17", "under_18")),
        *REPORT,
    ),
    report_texts.TO_HERE.key: (SEARCH[0], _question("danger"), RESULTS[1]),
    report_texts.ALREADY.key: (_added(), _added({"since": "x"}), _added(discreet=True)),
    report_texts.EFFORT.key: EFFORT,
    report_texts.CLOSED.key: CLOSED,
    triage_texts.QUESTIONS.key: (*QUESTIONS_PAGES, *RESULTS),
    triage_texts.RESULT.key: RESULTS,
    triage_texts.NUMBERS.key: (RESULTS[1], _made_result(calls_first=True, numbers=UNKEPT)),
}
