"""Draws the pages outside the exchange, each in the situations of its sentences, for `text_previews`.

The content is invented, and goes through the functions that the pages' own views call.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.utils import timezone

import triage.numbers
from chat.visitor.base import entrance_page
from common.texts import languages
from locations import texts as location_texts
from locations.forms import ChoiceForm, Purpose, SearchForm
from locations.hours import Opening, Week
from locations.lookup import Lookup, Outcome, Place, Suggestion, UnitMatch
from locations.models import DataEdition, Force, Municipality, Partner, Precision, ReceptionPoint, Source, Zone
from locations.partners import group_partners
from locations.session import Choice
from locations.views import choice_page, contacts_page, results_page, search_page, towns_page
from pnav.pages import figures, views, waiting_time
from pnav.pages.build import failure_page
from pnav.pages.card import card_page
from pnav.pages.forms import DisplaySettingsForm, FeedbackForm
from pnav.pages.frame.announcements import Shown
from pnav.pages.frame.busy_page import FILE_TOO_LARGE, FORM, PAGE, SENT, TOO_LARGE, busy_page
from pnav.pages.frame.busy_page import FRAME as BUSY_FRAME
from pnav.pages.frame.links import Links
from pnav.pages.information import Page, content_template, read_information
from pnav.pages.models import FEEDBACK_MAX_LENGTH, Announcement, RemovalPlatform
from pnav.pages.previews import cast
from pnav.pages.previews.trials import Draw, Trial, draw_page
from pnav.pages.removal import kit
from pnav.pages.removal.forms import FACTS_MOST, OTHER, PlatformForm, RequestForm
from pnav.pages.texts import card as card_texts
from pnav.pages.texts import descriptions as description_texts
from pnav.pages.texts import frame as frame_texts
from pnav.pages.texts import guides as guide_texts
from pnav.pages.texts import obligatory as obligatory_texts
from pnav.pages.texts import pages as page_texts
from pnav.pages.texts import quick_exit as quick_exit_texts
from pnav.pages.texts import removal as removal_texts
from reports import texts as report_texts
from reports.closures import Closure
from reports.forms import AddedForm, ReportForm
from reports.proof_of_work import PendingForm
from reports.rules.retention import DEFAULTS, Rule
from reports.views import added_page, effort_page, report_page
from triage import texts as triage_texts
from triage.questionnaire.outcomes import Outcome as Result
from triage.questionnaire.questions import BY_ID, DOOR, SAFETY, Voice
from triage.questionnaire.results import BUILT_IN
from triage.rules import assess_answers, preview_assessment
from triage.views import question_page, result_page

TELEPHONE = "01 23 45 67 89"


def _as_is(template: str) -> Draw:
    """Return a page that shows only its texts."""
    return lambda trial: draw_page(trial, template, {})


# --- the frame, errors, information -----------------------------------------------------------------------------------

EDITION = DataEdition(title="Code officiel géographique", publisher="Insee", licence="Licence Ouverte", edition="2026")
_UNSIGNED = dict.fromkeys(("publisher", "director", "hosting_company", "contact_email"), "")
_SIGNED = dict.fromkeys(_UNSIGNED, cast.WRITTEN) | {"contact_email": "contact@exemple.fr"}


def _anybody(trial: Trial) -> Trial:
    """Return the same trial for somebody who has not signed in."""
    request = copy.copy(trial.request)
    request.user = AnonymousUser()
    return replace(trial, request=request)


def _limited(trial: Trial) -> HttpResponse:
    return draw_page(_anybody(trial), "429.html", {})


def _home(wait: waiting_time.Range = (2, 6), *, is_closed: bool = False) -> Draw:
    """Return the home page. is_closed: the chat is closed to new people."""

    def draw(trial: Trial) -> HttpResponse:
        information = {**read_information(familiar=trial.familiar), "updated_on": cast.DAY}
        page = views.home_page(information, waiting_time.say(wait)) | {"is_preview": True}
        around: dict[str, Any] = {"chat_closed": closure("maintenance")} if is_closed else {}
        return draw_page(trial, "pages/home.html", page | around)

    return draw


def _information(page: Page, *, is_closed: bool = False) -> Draw:
    """Return a page of information. It reads only what administrators wrote. is_closed: the chat is closed to new
    people.
    """

    def draw(trial: Trial) -> HttpResponse:
        choice = PlatformForm(platforms=kit.read_platforms()) if page == Page.REMOVAL else None
        around: dict[str, Any] = {"chat_closed": closure("maintenance")} if is_closed else {}
        information = views.information_page(page, choice, familiar=trial.familiar)
        return draw_page(trial, content_template(page), information | around)

    return draw


GUIDES = (
    *(_information(page) for page in Page if page != Page.HOME),
    _information(Page.MINORS, is_closed=True),
    _information(Page.LAW, is_closed=True),
)


def _legal(*, demo: bool = True, discreet: bool | None = None, named: Mapping[str, str] = _UNSIGNED) -> Draw:
    """Return the legal notice, in the frame of a demonstration or of a real site. named: arguments of
    `views.legal_page`.
    """

    def draw(trial: Trial) -> HttpResponse:
        around: dict[str, Any] = {"demo_notice": demo, "data_editions": [EDITION] if demo else []}
        around |= {} if discreet is None else {"discreet": discreet}
        return draw_page(trial, "pages/legal.html", views.legal_page(**named) | around)

    return draw


def _accessibility(contact_email: str) -> Draw:
    return lambda trial: draw_page(trial, "pages/accessibility.html", views.accessibility_page(contact_email))


def _privacy(*, demo: bool = False, session_seconds: int = 12 * 3600, contact_email: str = "") -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        rules: Mapping[str, Rule] = DEFAULTS
        page = views.privacy_page(
            rules, session_seconds=session_seconds, watched_minutes=60, contact_email=contact_email
        )
        return draw_page(trial, "pages/privacy.html", page | {"demo_notice": demo})

    return draw


def _described(trial: Trial) -> HttpResponse:
    """Show any page, with the texts where search engines read them."""
    address = "https://pnav.example/"
    text = trial.error(trial.sentences)
    links = Links(canonical=address, alternates=[], default=address, description=text, picture=address)
    return draw_page(trial, "pages/legal.html", views.legal_page(**_UNSIGNED) | {"page_links": links})


def _card(trial: Trial) -> HttpResponse:
    return draw_page(trial, "pages/card.html", card_page("https://pnav.example/"))


def _feedback(**given: str) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        form = FeedbackForm(given or None, familiar=trial.familiar)
        if given and (refused := trial.error([obligatory_texts.OPINIONS_MANY])):
            form.add_error(None, refused)
        return draw_page(trial, "pages/feedback.html", views.form_page(form))

    return draw


def _display(**given: str) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        form = DisplaySettingsForm(given or None, familiar=trial.familiar)
        return draw_page(trial, "pages/display_settings.html", views.form_page(form))

    return draw


def _figures(*, minutes: int, has_outcomes: bool) -> Draw:
    """Return the figures of an invented week.

    has_outcomes: whether the ends of exchanges are published, in which case something is hidden too.
    """

    def draw(trial: Trial) -> HttpResponse:
        said = dict.fromkeys(("answered", "in_time", "gave_up", "one_person"), 93) | {"opened": 120, "minors": None}
        outcomes = [(value, 120) for value in obligatory_texts.OPTIONS["outcome"]] if has_outcomes else []
        period = {**said, "wait": 4, "length": 25, "outcomes": outcomes, "has_other_outcomes": has_outcomes}
        period["other_outcomes"] = None
        removals = [(value, 30) for value in obligatory_texts.OPTIONS["removal"]]
        found = {
            "end": cast.DAY.isoformat(),
            "computed_at": cast.moment().isoformat(),
            "promised_minutes": minutes,
            "periods": [{"key": key, **period} for key in figures.PERIODS],
            "years": [{"key": key, "is_whole": key == "2026", **period} for key in ("2027", "2026")],
            "removals": [removals, []],
        }
        return draw_page(trial, "pages/figures.html", figures.figures_page(found))

    return draw


def _busy(kind: str) -> Draw:
    return lambda trial: draw_page(trial, "503.html", busy_page(kind))


# --- the removal kit --------------------------------------------------------------------------------------------------


def _choice(given: Mapping[str, str] | None = None) -> Draw:
    """Return the page before the site is chosen. given: the form that was sent."""

    def draw(trial: Trial) -> HttpResponse:
        choice = PlatformForm(given, platforms=[], familiar=trial.familiar)
        return draw_page(trial, "pages/removal_kit.html", kit.choice_page(choice))

    return draw


def _kit(*, who: str = "adult", intimate: bool = False, site: str = "", **given: Any) -> Draw:
    """Return the removal kit for an invented site, or for one that is not in the list ("").

    given: what was typed, if texts are asked for.
    """

    def draw(trial: Trial) -> HttpResponse:
        rows = [_platform(name=site)] if site else []
        helper = _platform(name="Association", kind=RemovalPlatform.Kind.HELP)
        said: dict[str, Any] = {"platform": "site" if site else OTHER, "who": who, "intimate": intimate}
        date_of_fact = trial.error([removal_texts.FACT_LINE]) or cast.WRITTEN
        form = RequestForm(
            {**said, **given} if given else None,
            platforms=rows,
            familiar=trial.familiar,
            facts=[(cast.WRITTEN, date_of_fact)],
        )
        page = kit.kit_page([*rows, helper], said, form, has_exchange=True, today=cast.DAY)
        return draw_page(trial, "pages/removal_kit.html", page | {"familiar": trial.familiar})

    return draw


def _platform(*, name: str, kind: str = RemovalPlatform.Kind.NETWORK) -> RemovalPlatform:
    return RemovalPlatform(
        slug="site", name=name, kind=kind, url="https://exemple.fr", where=cast.WRITTEN, verified_on=cast.DAY
    )


_SITE = removal_texts.SITE.example
_TYPED = ("steps", "period", "addresses", "account", "description", "reasons")
_WRITTEN: Mapping[str, Any] = dict.fromkeys(_TYPED, cast.WRITTEN)
KITS = (
    _choice(),
    _choice({"platform": ""}),
    _kit(site=_SITE),
    _kit(who="helps_minor", intimate=True),
    _kit(email="x", grounds=["x"]),
    _kit(name="x" * 201),
    _kit(facts=[cast.WRITTEN] * (FACTS_MOST + 1)),
    _kit(site=_SITE, **_WRITTEN),
)
# All texts, with an example of whatever somebody wrote, and every ground.
_FILLED: Mapping[str, Any] = {
    **dict.fromkeys((*_TYPED, "name"), removal_texts.TEXT.example),
    "grounds": list(removal_texts.OPTIONS["grounds"]),
}
LETTERS = (
    _kit(site=_SITE, **_FILLED),
    _kit(site=_SITE, who="helps_minor", intimate=True, **{**_FILLED, "name": ""}),
)

# --- the orientation --------------------------------------------------------------------------------------------------


def _question(name: str, *, error: str = "", discreet: bool = False, known_as: str = "", **said: str) -> Draw:
    """Return the page of one question of the code, with an answer that was given before.

    said: more answers. known_as: another name for the question, as if an administrator had written it.
    """

    def draw(trial: Trial) -> HttpResponse:
        answers = {SAFETY: "no", DOOR: "helper", name: BY_ID[name].options[0].value} | said
        voice = Voice(familiar=trial.familiar)
        asked = replace(BY_ID[name], id=known_as or name)
        under = replace(BUILT_IN, questions=tuple(asked if one.id == name else one for one in BUILT_IN.questions))
        context = question_page(asked, answers, under, refusal=error, voice=voice, discreet=discreet)
        told = trial.messages(one for one in trial.sentences if one.place == report_texts.TO_HERE)
        return draw_page(trial, "triage/question.html", context | {"discreet": discreet, "messages": told})

    return draw


def _result(outcome: Result, *, discreet: bool = False, keeps_own_hours: bool = False, **said: str) -> Draw:
    """Return the page of a result. said: answers that replace those of somebody safe who is 18 or more.

    The questionnaire is that of the code, whatever version is in force, because its words are not edited here.
    keeps_own_hours: whether to leave out the hours that administrators keep for their numbers.
    """

    def draw(trial: Trial) -> HttpResponse:
        answers = {SAFETY: "no", DOOR: "minor" if trial.familiar else "adult"} | said
        assessment = preview_assessment(outcome, Voice(familiar=trial.familiar), under=BUILT_IN)
        if keeps_own_hours:
            assessment = replace(assessment, numbers=tuple(replace(one, display=cast.WRITTEN) for one in NUMBERS))
        context = result_page(assessment, answers, BUILT_IN, discreet=discreet)
        told = trial.messages(one for one in trial.sentences if one.place == report_texts.TO_HERE)
        return draw_page(trial, "triage/result.html", context | {"discreet": discreet, "messages": told})

    return draw


def _assessed(said: Mapping[str, str], *, discreet: bool = False) -> Draw:
    """Return the page of the result of these answers, of somebody of 18 or more."""

    def draw(trial: Trial) -> HttpResponse:
        answers = {SAFETY: "no", DOOR: "minor" if trial.familiar else "adult", **said}
        context = result_page(assess_answers(answers, under=BUILT_IN), answers, BUILT_IN, discreet=discreet)
        return draw_page(trial, "triage/result.html", context | {"discreet": discreet})

    return draw


NUMBERS = [value for value in vars(triage.numbers).values() if isinstance(value, triage.numbers.Number)]
QUESTIONS_PAGES = (
    _question("danger"),
    _question("facts"),
    _question("helped"),
    _question("helped", own_age="minor"),
    _question("danger", error="required"),
    _question("danger", error="invalid_choice"),
    *(_question(name, discreet=True) for name in triage_texts.NEUTRAL),
    _question("facts", discreet=True, known_as="of_an_administrator"),
)
RESULTS = (
    _result(Result.SEVENTEEN_CYBER_PHAROS),
    _result(Result.CHAT),
    _assessed({SAFETY: "yes"}),
    _result(Result.SINGLE_INSULT),
    _assessed({SAFETY: "yes"}, discreet=True),
    _result(Result.SEVENTEEN_CYBER_THESEE, discreet=True),
)
# Every number, with the hours of the code.
OUR_HOURS = (_result(Result.DANGER, keeps_own_hours=True),)

# --- the point d'accueil ----------------------------------------------------------------------------------------------

TOWN = Municipality(
    insee_code="35238",
    name="Rennes",
    department_code="35",
    department_name="Ille-et-Vilaine",
    zone=Zone.METRO,
    latitude=48.11,
    longitude=-1.68,
    precision=Precision.EXACT,
)
OVERSEAS = Municipality(
    insee_code="97411", name="Saint-Denis", department_code="974", department_name="La Réunion", zone=Zone.DROM
)
_HOURS: Week = {"mon": [["08:00", "12:00"]]}


def _unit(**more: Any) -> ReceptionPoint:
    """Return a unit. It belongs to the demonstration when its source says so."""
    known = {
        "pk": 1,
        "name": "Commissariat de police",
        "force": Force.POLICE,
        "address": "1 rue de la Paix",
        "postal_code": "35000",
        "town": "Rennes",
        "telephone": TELEPHONE,
        "opening_hours": _HOURS,
        "source": Source.DILA,
        "verified_on": cast.DAY,
        "department_code": "35",
    }
    return ReceptionPoint(**known | more)


EXAMPLE = _unit(source=Source.DEMO)


def _chosen(unit: ReceptionPoint | None = EXAMPLE, *, is_nearest: bool = False, is_guessed: bool = False) -> Choice:
    return Choice("35000", municipality=TOWN, reception_point=unit, is_nearest=is_nearest, is_guessed=is_guessed)


def _partner(kind: str, **more: Any) -> Partner:
    known = {
        "name": "France Victimes 35",
        "kind": kind,
        "telephone": TELEPHONE,
        "accessibility": "ACC",
        "url": "https://exemple.fr",
        "source": Source.DILA,
        "department_code": "35",
        "latitude": 48.2,
        "longitude": -1.7,
    }
    return Partner(**known | more)


PARTNERS = (
    _partner(Partner.Kind.VICTIM_HELP, opening_hours=_HOURS),
    _partner(Partner.Kind.VICTIM_OFFICE, accessibility="DEM", source=Source.DEMO),
    *(
        _partner(kind)
        for kind in (
            Partner.Kind.PSYCHOLOGIST,
            Partner.Kind.JUSTICE_HOUSE,
            Partner.Kind.COURT,
            Partner.Kind.FRANCE_SERVICES,
            Partner.Kind.NATIONAL,
        )
    ),
)


def _contacts(
    unit: ReceptionPoint | None,
    opening: Opening | None,
    *,
    is_nearest: bool = False,
    is_guessed: bool = False,
    partners: Sequence[Partner] = PARTNERS,
    town: Municipality = TOWN,
) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        found = group_partners(town, partners)
        choice = replace(_chosen(unit, is_nearest=is_nearest, is_guessed=is_guessed), municipality=town)
        page = contacts_page(choice, opening=opening, partners=found, has_other_units=True)
        return draw_page(trial, "locations/my_contacts.html", page)

    return draw


_OPEN = Opening(is_open=True, until="18 h")
_SHUT = Opening(is_open=False, next_day="demain", next_time="18 h")
_HOLIDAY = Opening(is_open=None)
_SILENT = {"telephone": "", "address": "", "postal_code": "", "town": ""}
CONTACTS = (
    _contacts(_unit(), _OPEN),
    _contacts(_unit(), _OPEN, is_guessed=True),
    _contacts(_unit(), _OPEN, town=OVERSEAS),
    _contacts(EXAMPLE, _SHUT, is_nearest=True, partners=()),
    _contacts(_unit(), _HOLIDAY),
    _contacts(_unit(**_SILENT), _HOLIDAY),
    _contacts(_unit(opening_hours=None), None),
    _contacts(_unit(opening_hours=None, **_SILENT), None),
    _contacts(None, None),
)


def _search(
    typed: str | None = None, *, choice: Choice | None = None, discreet: bool | None = None, is_closed: bool = False
) -> Draw:
    """Return the two forms. typed: what was refused. is_closed: the chat is closed to new people.

    The page says above them what was just done, or is still missing.
    """

    def draw(trial: Trial) -> HttpResponse:
        form = SearchForm({"q": typed}) if typed is not None else None
        around: dict[str, Any] = {"messages": trial.messages(SAID)}
        around |= {} if discreet is None else {"discreet": discreet}
        around |= {"chat_closed": closure("maintenance")} if is_closed else {}
        return draw_page(trial, "locations/search.html", search_page(form, choice=choice) | around)

    return draw


SAID = (
    location_texts.PLACE_REMOVED,
    location_texts.PLACE_REMOVED_DISCREET,
    location_texts.PERSON_REMOVED,
    location_texts.PLACE_FIRST,
    report_texts.PLACE_FIRST,
)
SEARCH = (
    _search(choice=_chosen(is_nearest=True)),
    _search(""),
    _search("x" * 500),
    _search(discreet=True),
    _search(discreet=False, is_closed=True),
    _search(discreet=True, is_closed=True),
)
_OTHERS = [Suggestion("Lyon", "Lyon")]


def _found(*, units: Sequence[ReceptionPoint], zone: str = Zone.METRO, others: Sequence[Suggestion] = ()) -> Lookup:
    """Return a commune that was found by an administrative code, with units that are only near."""
    town = Municipality(insee_code="97411", name="Saint-Denis", department_code="974", zone=zone)
    matches = [UnitMatch(unit=unit, is_competent=False, distance_km=12) for unit in units]
    place = Place(town, "35000", found_as="Lyon 3e", units=matches)
    return Lookup(
        Outcome.ONE, places=[place], others=list(others), is_cedex=True, cedex_is_approximate=True, is_short=True
    )


def _select(*, units: Sequence[ReceptionPoint] = (EXAMPLE,), error: str = "", is_gone: bool = False) -> Draw:
    """Return what was found. error: a refusal of the choice; is_gone: because the unit has left the list."""

    def draw(trial: Trial) -> HttpResponse:
        form = ChoiceForm.refused(is_gone=is_gone) if error else None
        found = _found(units=units, zone=Zone.DROM, others=_OTHERS)
        page = results_page(found, text=cast.WRITTEN, purpose=Purpose.CONTACTS, form=form)
        return draw_page(trial, "locations/select.html", page)

    return draw


def _towns(trial: Trial) -> HttpResponse:
    found = _found(units=[], others=_OTHERS)
    return draw_page(trial, "locations/towns.html", towns_page(found, text=cast.WRITTEN))


def _not_found(*, suggestions: Sequence[Suggestion] = (), abroad: str = "") -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        found = Lookup(Outcome.NONE, suggestions=list(suggestions), is_cedex=True, abroad=abroad)
        page = results_page(found, text=cast.WRITTEN, purpose=Purpose.EXCHANGE)
        return draw_page(trial, "locations/not_found.html", page)

    return draw


def _of_choice(template: str, choice: Choice, *, what: str = "", in_exchange: bool = False) -> Draw:
    def draw(trial: Trial) -> HttpResponse:
        page = choice_page(choice, what, may_be_given=in_exchange)
        around = {"open_exchange": True, "messages": trial.messages((location_texts.GIVEN_TOO_OFTEN,))}
        return draw_page(trial, template, page | (around if in_exchange else {}))

    return draw


CHOSEN = (
    _of_choice("locations/chosen.html", _chosen(is_nearest=True)),
    _of_choice("locations/chosen.html", _chosen(None)),
    _of_choice("locations/chosen.html", _chosen(), in_exchange=True),
)
REMOVE = (
    *(_of_choice("locations/remove.html", _chosen(), what=what) for what in ("place", "interlocutor")),
    _of_choice("locations/remove.html", _chosen(), what="place", in_exchange=True),
)

# --- the signalement --------------------------------------------------------------------------------------------------


def _report(
    given: Mapping[str, Any] | None = None, *, is_stale: bool = False, discreet: bool = False, **said: str
) -> Draw:
    """Return the form of a signalement.

    said: answers of the orientation that replace those of a victim of 18 or more.
    """

    def draw(trial: Trial) -> HttpResponse:
        initial = {"role": "victim", "age_band": "adult"} | said
        form = ReportForm(given, initial=initial, familiar=trial.familiar, discreet=discreet)
        choice = _chosen(is_nearest=True)
        page = report_page(form, submission_id="", is_stale=is_stale, choice=choice, familiar=trial.familiar)
        return draw_page(trial, "reports/create.html", page | {"discreet": discreet})

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
# The form as a professional reads it, for a person of each age.
HELPED = tuple(_report(role="professional", age_band=age) for age in ("adult", "under_15", "15_17", "under_18"))


def _added(given: Mapping[str, Any] | None = None, *, discreet: bool = False, is_sealed: bool = True) -> Draw:
    """Return the form that completes a filed signalement. is_sealed: whether what goes under seal could be sealed."""

    def draw(trial: Trial) -> HttpResponse:
        form = AddedForm.of(cast.report(), given, familiar=trial.familiar, discreet=discreet)
        if not is_sealed and form.is_valid():
            form.tell_not_sealed(familiar=trial.familiar)
        return draw_page(trial, "reports/add.html", added_page(form, familiar=trial.familiar) | {"discreet": discreet})

    return draw


def _effort(seconds: int) -> Draw:
    """Return a form that continues in this many seconds."""

    def draw(trial: Trial) -> HttpResponse:
        kept = PendingForm({}, ready_at=timezone.now().timestamp() + seconds - 0.5)
        page = effort_page(kept, token="", bits=0, familiar=trial.familiar)
        return draw_page(trial, "reports/effort.html", page)

    return draw


EFFORT = tuple(_effort(seconds) for seconds in (8, 1, 0))


def closure(reason: str, *, is_open: bool = False) -> Closure:
    """Return a closing of the chat. is_open: nobody knows when it ends."""
    return Closure(1, reason, cast.moment(), None if is_open else cast.moment() + timedelta(hours=17))


def _closed(reason: str, *, is_open: bool = False, discreet: bool | None = None) -> Draw:
    """Return the page for somebody who comes to the chat while it is closed."""

    def draw(trial: Trial) -> HttpResponse:
        around: dict[str, Any] = {"chat_closed": closure(reason, is_open=is_open)}
        around |= {} if discreet is None else {"discreet": discreet}
        return draw_page(trial, "chat/begin.html", entrance_page() | around)

    return draw


CLOSED = (
    *(_closed(reason) for reason in ("maintenance", "incident", "staff")),
    _closed("staff", is_open=True),
    _closed("staff", discreet=True),
    _closed("staff", is_open=True, discreet=True),
)


# --- where each place is drawn ----------------------------------------------------------------------------------------


def _said_by_a_proxy(trial: Trial) -> HttpResponse:
    words = [(languages.current(), failure_page.say(is_first=True))]
    return draw_page(trial, "proxy_failure.html", {"words": words})


ERRORS: tuple[Draw, ...] = (
    *(_as_is(f"{name}.html") for name in ("404", "403", "403_csrf", "bad_request", "visit_over", "500")),
    lambda trial: draw_page(trial, "bad_request.html", {"is_file": True}),
    _said_by_a_proxy,
    _limited,
)
BUSY = tuple(_busy(kind) for kind in (PAGE, SENT, FORM, BUSY_FRAME, TOO_LARGE, FILE_TOO_LARGE))


def _announced(*, discreet: bool) -> Draw:
    """Show any page below an announcement."""
    said = Shown(
        Announcement.Audience.BOTH,
        is_warning=False,
        starts_at=cast.moment(),
        ends_at=cast.moment() + timedelta(days=1),
        texts={(languages.source(), languages.POLITE): cast.WRITTEN},
    )
    return lambda trial: draw_page(trial, "404.html", {"announcements": [said], "discreet": discreet})


FRAME: tuple[Draw, ...] = (
    _legal(),
    _legal(demo=False),
    _legal(demo=False, discreet=True),
    _announced(discreet=False),
    _announced(discreet=True),
    lambda trial: draw_page(trial, "404.html", {"open_exchange": True, "waits_for_turn": True}),
)
WRONG_OPINIONS = (
    _feedback(rating="x", page="home"),
    _feedback(rating="yes", page="x", text="x" * (FEEDBACK_MAX_LENGTH + 200)),
    _feedback(rating="", page="", text="x" * (FEEDBACK_MAX_LENGTH + 200)),
)

DRAW: Mapping[str, tuple[Draw, ...]] = {
    frame_texts.FRAME.key: FRAME,
    frame_texts.NUMBERS.key: (_information(Page.NUMBERS), *RESULTS),
    frame_texts.ERRORS.key: ERRORS,
    frame_texts.BUSY.key: BUSY,
    frame_texts.EVERYWHERE.key: (
        _home(),
        *FRAME[:3],
        *SEARCH[:3],
        *RESULTS[:3],
        *REPORT[:2],
        CONTACTS[0],
        _not_found(),
        *GUIDES,
        *QUESTIONS_PAGES[:2],
        _as_is("pages/feedback_thanks.html"),
        EFFORT[2],
        _privacy(),
        *WRONG_OPINIONS,
    ),
    obligatory_texts.OPINION.key: (
        _feedback(),
        _feedback(rating="", page="", text="x" * (FEEDBACK_MAX_LENGTH + 200)),
        _feedback(rating="x", page="x"),
        _as_is("pages/feedback_thanks.html"),
    ),
    obligatory_texts.DISPLAY.key: (
        _display(),
        _display(theme="", language=""),
        _display(next="/"),
        _display(theme="x", language="x"),
    ),
    obligatory_texts.LEGAL.key: (_legal(), _legal(demo=False, named=_SIGNED)),
    obligatory_texts.PRIVACY.key: (
        _privacy(demo=True),
        _privacy(session_seconds=3600, contact_email="contact@exemple.fr"),
    ),
    obligatory_texts.ACCESSIBILITY.key: (_accessibility(""), _accessibility("contact@exemple.fr")),
    obligatory_texts.FIGURES.key: (
        _figures(minutes=5, has_outcomes=True),
        _figures(minutes=1, has_outcomes=False),
    ),
    page_texts.HOME.key: (_home(), _home((0, 2)), _home((90, 150)), _home(None), _home(is_closed=True)),
    card_texts.CARD.key: (_card,),
    description_texts.SEARCH.key: (_described,),
    removal_texts.KIT.key: KITS,
    removal_texts.LETTER.key: LETTERS,
    guide_texts.GUIDES.key: GUIDES,
    quick_exit_texts.QUIT.key: (_as_is("pages/quit.html"),),
    location_texts.SEARCH.key: SEARCH,
    location_texts.SELECT.key: (
        _towns,
        _select(),
        _select(units=()),
        _select(error="required"),
        _select(error="gone", is_gone=True),
    ),
    location_texts.NOT_FOUND.key: (
        _not_found(suggestions=_OTHERS),
        _not_found(),
        _not_found(abroad="Belgique"),
    ),
    location_texts.CHOSEN.key: CHOSEN,
    location_texts.REMOVE.key: REMOVE,
    location_texts.CONTACTS.key: CONTACTS,
    location_texts.AROUND.key: (*SEARCH[:1], *CHOSEN, *REMOVE, *CONTACTS[:3], _not_found()),
    report_texts.REPORT.key: (*HELPED, *REPORT),
    report_texts.TO_HERE.key: (SEARCH[0], QUESTIONS_PAGES[0], RESULTS[1]),
    report_texts.ALREADY.key: (
        _added(),
        _added({"since": "x"}),
        _added({"name": "x"}, is_sealed=False),
        _added(discreet=True),
    ),
    report_texts.EFFORT.key: EFFORT,
    report_texts.CLOSED.key: CLOSED,
    triage_texts.QUESTIONS.key: (*QUESTIONS_PAGES, *RESULTS),
    triage_texts.RESULT.key: RESULTS,
    triage_texts.NUMBERS.key: (*RESULTS[:3], *OUR_HOURS, _assessed({SAFETY: "yes"}, discreet=True)),
}
