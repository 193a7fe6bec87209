"""Every address of the address table itself is tried by everybody with every method."""

import copy
import json
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site
from django.contrib import admin
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.storage import default_storage
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template import Template
from django.test import Client, RequestFactory
from django.test.client import ClientHandler
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from chat.conversations import presence
from chat.models import Conversation, Debrief, TransmissionStep
from pnav import addresses
from pnav.accounts import middleware
from pnav.accounts.middleware import STAFF_AREAS
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import Standing, standing_of
from pnav.pages.models import Feedback
from pnav.sessions import SessionStore
from reports.models import ErasureRequest, Freeze, OpeningStep
from tests.access.frames import FRAMES
from tests.access.people import (
    ADMINISTRATOR,
    AGENTS,
    ASSIGNED,
    CHIEF_DEACTIVATED,
    CHIEF_TEMPORARY,
    CHIEF_UNPROVED,
    CHIEF_WITHOUT_FACTOR,
    CUSTODIAN,
    DEACTIVATED,
    NOBODY,
    OTHER_AGENT,
    OTHER_REPORTER,
    OTHER_SUPERVISOR,
    OTHER_WORDS,
    PEOPLE,
    REPORTER,
    SECRET_WORDS,
    SUMMARY,
    SUPERVISOR,
    TEMPORARY,
    UNIT,
    VISITORS,
    WITHOUT_AGENT,
    WORDS,
    Cast,
    passkey_of,
)  # fmt: skip
from tests.access.table import (
    ADMIN,
    FORM,
    IN,
    OF_SCRIPTS,
    READ,
    ROUTES,
    WRITE,
    Route,
    administrators,
    never_administrators,
)
from tests.accounts.test_audited_admin import ROWS
from tests.support import headers

METHODS = ("GET", "HEAD", "POST")
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


# --- the table of addresses -------------------------------------------------------------------------------------------


def walk(patterns: list[Any], prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """Name (with its namespace; an address that has none is named by itself) and address of each pattern."""
    for pattern in patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from walk(pattern.url_patterns, address, inner)
        else:
            assert isinstance(pattern, URLPattern)
            yield space + (pattern.name or address), address


def admin_routes(label: str) -> dict[str, Route]:
    """Return the pages of this class of the admin, by the decision about the class."""
    routes, may = {}, ADMIN[label]
    model = label.lower().replace(".", "_")
    for page, is_allowed in {
        "changelist": True, "history": True, "change": True, "add": may.add, "delete": may.delete,
    }.items():  # fmt: skip
        methods = FORM if page != "change" or may.change else READ
        to = (f"/admin/{model.replace('_', '/')}/",) if page == "change" and may.saves_nothing_written else ()
        routes[f"admin:{model}_{page}"] = Route(administrators if is_allowed else never_administrators, methods, to=to)
    # An older form of the address of an object, which leads to its page.
    old = f"admin/{model.replace('_', '/')}/<path:object_id>/"
    routes[f"admin:{old}"] = Route(administrators, FORM, to=(f"/{old.replace('<path:object_id>', '…')}change/",))
    return routes


ADMIN_ROUTES = {label: admin_routes(label) for label in ADMIN}
DECISIONS = ROUTES | {name: route for routes in ADMIN_ROUTES.values() for name, route in routes.items()}
ADDRESSES = dict(walk(get_resolver().url_patterns))
FOR_EVERYBODY = {name for name, route in ROUTES.items() if {route.who(person) for person in PEOPLE} == {IN}}
NUMBERS = {name: number for number, name in enumerate(ADDRESSES)}
# Each kind of page of each class, so that by turns somebody else asks for the next kind and for the next class.
ADMIN_TURNS = {name: one + kind for one, of in enumerate(ADMIN_ROUTES.values()) for kind, name in enumerate(of)}

HOW = (
    "{name} has no line in the table of access. Decide who may ask for it, then write in tests/access/table.py:\n"
    '    "{name}": Route(<who: anybody, own_visit(…), agents, assigned_agent, supervisors, administrators, …>, '
    "<methods: READ, WRITE, FORM>),"
)


def undecided(addresses: dict[str, str], decisions: dict[str, Route]) -> list[str]:
    return [HOW.format(name=name) for name in addresses if name not in decisions]


def test_every_address_has_a_decision():
    assert undecided(ADDRESSES, DECISIONS) == []


def test_every_decision_has_an_address():
    assert sorted(set(DECISIONS) - set(ADDRESSES)) == []


def test_address_without_a_decision_is_told_what_to_write():
    (said,) = undecided({**ADDRESSES, "chat:export": "tchat/export/"}, DECISIONS)
    assert said.startswith("chat:export has no line in the table of access. Decide who may")


def test_every_class_of_the_admin_has_a_decision():
    registered = {model._meta.label for model in admin.site._registry}
    assert sorted(registered - set(ADMIN)) == [], "Write what an administrator may do with it in table.ADMIN."
    assert sorted(set(ADMIN) - registered) == []


# --- asking -----------------------------------------------------------------------------------------------------------


HANDLER = ClientHandler(enforce_csrf_checks=False)  # one for all, because it reads the middleware once


def browser(cast: Cast, person: str) -> Client:
    client = Client(raise_request_exception=False)
    client.handler = HANDLER
    if person in cast.keys:
        client.cookies[site.SESSION_COOKIE_NAME] = cast.keys[person]
    return client


COUNTED = (Feedback, Freeze, ErasureRequest, OpeningStep)
SEEN = f"""SELECT
    (SELECT string_agg((id, status, urgency, outcome, resume_digest, last_seq)::text, ' ' ORDER BY id)
        FROM {Conversation._meta.db_table}),
    (SELECT string_agg(state, ' ' ORDER BY id) FROM {TransmissionStep._meta.db_table}),
    {", ".join(f"(SELECT count(*) FROM {one._meta.db_table})" for one in COUNTED)}
"""  # noqa: S608  names of our tables


def what_others_see() -> tuple[Any, ...]:
    """Return what no GET may change, whoever asks, because a picture on a foreign page can ask for any address."""
    with connection.cursor() as cursor:
        cursor.execute(SEEN)
        row: tuple[Any, ...] = cursor.fetchone()
    return row


LOOKS = {REPORTER, ASSIGNED, UNIT}  # for GET requests of these people, the test looks at what they changed


def ask(
    cast: Cast,
    person: str,
    method: str,
    path: str,
    data: dict[str, Any] | None = None,
    *,
    looks: list[Any] | None = None,
) -> HttpResponse:
    """Ask, and return the answer; whatever it changed is undone. looks: given what others see before that.

    Of a HEAD nobody sees the page, which is not drawn: who may ask for it, and the headers, are decided before.
    """
    client = browser(cast, person)
    is_drawn = patch.object(Template, "render", lambda _self, _context: "") if method == "HEAD" else nullcontext()
    with transaction.atomic(), is_drawn:
        if data is not None and "type" in data:
            answer = client.generic(method, path, json.dumps(data), content_type="application/json")
        elif method == "POST":
            answer = client.post(path, data or {})
        else:
            answer = client.generic(method, path)
        if looks is not None:
            looks.append(what_others_see())
        transaction.set_rollback(True)
    return answer


class Door:
    """What stands before the views of the staff areas (`pnav.accounts.middleware`), asked by itself.

    Whether somebody's session is complete, which no address changes, is read once.
    """

    def __init__(self, cast: Cast) -> None:
        self.keys = cast.keys
        self.people: dict[str, tuple[SessionStore, Any, Standing]] = {}
        for person in PEOPLE:
            request: Any = HttpRequest()
            request.session = SessionStore(cast.keys.get(person))
            user = get_user(request)
            self.people[person] = request.session, user, standing_of(user, request.session)

    def answers(self, method: str, path: str) -> dict[str, str | None]:
        """Return where everybody is sent, or 403. None: they pass, and the view answers."""
        with transaction.atomic(), patch.object(presence, "renew_lease"):
            found = {person: self._answer(person, method, path) for person in PEOPLE}
            transaction.set_rollback(True)
        return found

    def _answer(self, person: str, method: str, path: str) -> str | None:
        session, user, standing = self.people[person]
        request: Any = RequestFactory().generic(method, path)
        request.session, request.user = SessionStore(session.session_key), user
        request.session._session_cache = copy.deepcopy(session._session)
        request._messages, request._dont_enforce_csrf_checks = default_storage(request), True
        if person in self.keys:
            request.COOKIES[site.SESSION_COOKIE_NAME] = self.keys[person]
        with patch.object(middleware, "standing_of", lambda *_who: standing):
            try:
                answer = middleware.refuse(request)
            except PermissionDenied:
                return "403"
        if answer is None:
            return None
        return urlsplit(answer["Location"]).path if "Location" in answer.headers else str(answer.status_code)


def outcome(answer: HttpResponse, route: Route, promised: str) -> str:
    """Return the outcome as the table says it.

    What the table promises comes first: the sign-in is a refusal here, and a way on there.
    """
    if 200 <= answer.status_code < 300:
        return IN
    if "Location" not in answer.headers:
        return str(answer.status_code)
    where = answer.headers["Location"]
    place = urlsplit(where).path if where.startswith("/") else where
    # A setting of the service has its name as key, and so has a sentence.
    shape = re.sub(r"/([0-9a-f-]{36}|[0-9]+|(?<=houserule/)[a-z_]+|(?<=changedsentence/)[a-z_.]+|)/", "/…/", place)
    return IN if place != promised and (shape in route.to or place in route.to) else place


def expected(person: str, method: str, route: Route, path: str) -> set[str]:
    """Return what the table promises.

    Where a method is not answered, the door of the area is asked first, if there is one.
    """
    answer = route.who(person)
    if method in route.methods:
        return {answer}
    if route.back:
        return {route.back}
    if answer.startswith("/") and path.startswith(
        ("/console/", "/levees/", "/ecoute/", "/unite/", "/admin/", "/compte/")
    ):
        return {answer}  # it leads to the sign-in, or to its next step
    return {"405", "403"} if answer == "403" or path.startswith("/admin/") else {"405"}


@pytest.fixture
def where(cast: Cast) -> dict[str, Any]:
    return values_of(cast)


def values_of(cast: Cast) -> dict[str, Any]:
    """Return values for the addresses: those of the conversation that the person and the assigned agent have."""
    # One row for each class of the admin.
    rows = {label: ROWS[label]().pk for label in ADMIN}
    return {
        "public_id": cast.conversation.public_id,
        "opening_id": cast.opening.public_id,
        "debrief_id": Debrief.objects.get().public_id,
        "aside_id": cast.aside.public_id,
        "reply_id": cast.reply.public_id,
        "transmission_id": cast.transmission.public_id,
        "capture_id": cast.capture.public_id,
        "page": 1,
        "pk": 2**31 - 1,  # a passkey that does not exist
        "id": rows["accounts.User"],
        "number": rows["triage.QuestionnaireVersion"],
        "content_type_id": 1,
        "rows": rows,
    }


def path_of(name: str, where: dict[str, Any], route: Route) -> str:
    values = {**where, **route.where}
    address = ADDRESSES[name]
    if name.startswith("listening:"):
        values["public_id"] = where["debrief_id"]
    if name.startswith("openings:"):
        values["public_id"] = where["opening_id"]
    if name.startswith("unit:"):
        values["public_id"] = where["transmission_id"]
    for label, pk in where["rows"].items():
        if address.startswith(f"admin/{label.lower().replace('.', '/')}/"):
            values["object_id"] = pk
    values.setdefault("object_id", 1)
    address = re.sub(r"\^?\(\?P<(\w+)>[^)]*\)", lambda found: str(values[found[1]]), address).removesuffix("$")
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values[found[1]]), address)


ONE_OF_EACH = (
    NOBODY, REPORTER, ASSIGNED, SUPERVISOR, CUSTODIAN, ADMINISTRATOR, TEMPORARY, DEACTIVATED,
    CHIEF_TEMPORARY, CHIEF_WITHOUT_FACTOR, CHIEF_UNPROVED, CHIEF_DEACTIVATED,
)  # fmt: skip


IN_TURN = tuple(person for person in ONE_OF_EACH if person not in {NOBODY, ADMINISTRATOR})
STAFF = tuple(person for person in PEOPLE if person not in VISITORS)
STAFF_IN_TURN = tuple(person for person in STAFF if person != ASSIGNED)
A_TURN = 3


def in_turn(people: Sequence[str], name: str, method: str) -> list[str]:
    """Return some of these, others at the next address and by the other method."""
    if len(people) <= A_TURN:
        return list(people)
    turn = A_TURN * (2 * NUMBERS[name] + (method == "POST"))
    return [people[(turn + place) % len(people)] for place in range(A_TURN)]


# One of each sort, for a HEAD, which is a GET for the doors, and for a method that is answered to nobody.
SORTS = (NOBODY, REPORTER, OTHER_REPORTER, ASSIGNED, OTHER_AGENT, ADMINISTRATOR, TEMPORARY)


def sorts_at(name: str, method: str) -> list[str]:
    """Return some of each sort by turns: one who is let in and two who are not, where the address has both."""
    let_in, others = ([one for one in SORTS if (ROUTES[name].who(one) == IN) is good] for good in (True, False))
    turn = NUMBERS[name] + (method == "POST")
    groups = ((let_in, 1), (others, 2))
    return [group[(turn + place) % len(group)] for group, count in groups for place in range(min(count, len(group)))]


def people_at(name: str, path: str, method: str) -> Sequence[str]:
    """Return who asks for this address.

    Administrators who are half in are agents who are half in, save where an administrator may be.

    The pages of the admin's classes have two doors: the middleware, one for all pages, and their own, at which
    everybody knocks below. Nobody and an administrator ask for each of them, the others one by one. Those who work here
    ask by turns at the addresses of visitors, which ask for the visit: nobody of them has one, and the decision is the
    same for all of them.
    """
    if name not in ROUTES:
        return [NOBODY, ADMINISTRATOR, IN_TURN[(ADMIN_TURNS[name] + 5 * (method == "POST")) % len(IN_TURN)]]
    if method == "HEAD" or method not in ROUTES[name].methods:
        return sorts_at(name, method)
    if is_of_visitors(name) or (name in FOR_EVERYBODY and method == "GET"):
        return [*(person for person in PEOPLE if person in VISITORS), ASSIGNED, *in_turn(STAFF_IN_TURN, name, method)]
    is_theirs = path.startswith(("/levees/", "/ecoute/", "/unite/", "/admin/", "/compte/"))
    return [person for person in PEOPLE if is_theirs or not person.startswith(f"{ADMINISTRATOR}, ")]


def is_of_visitors(name: str) -> bool:
    """Return whether it lies outside of the areas of staff, and says the same to all of these."""
    is_theirs = f"/{ADDRESSES[name]}".startswith(STAFF_AREAS)
    return not is_theirs and len({ROUTES[name].who(person) for person in STAFF}) == 1


def words_in(answer: HttpResponse) -> set[str]:
    text = answer.content.decode(errors="replace")
    return {words for words in (WORDS, OTHER_WORDS, SECRET_WORDS) if words in text}


def test_every_address_as_everybody(cast, where, subtests, tried):
    """Each decision holds for everybody and each method, nobody reads a word of a conversation not theirs, no GET
    changes what others see, and no answer leaves without its headers.

    The areas of staff have one door, which is asked for everybody at each address. Whoever passes it asks the address
    itself; so does everybody whom it stops at the first address of an area where it does, and some of them elsewhere.
    """
    met = Met(Door(cast))
    for name in ADDRESSES:
        with subtests.test(name):
            tried("table of access: address, method, person", _ask_everybody(name, cast, where, met))
    assert {200, 302, 403, 405} <= met.statuses  # every kind of answer occurred
    assert {area for area, _person in met.asked} == set(STAFF_AREAS)


@dataclass
class Met:
    """What happened while everybody asked. asked: how often somebody whom an area does not let in asked there all the
    same.
    """

    door: Door
    statuses: set[int] = field(default_factory=set)
    asked: Counter[tuple[str, str]] = field(default_factory=Counter)


def _ask_everybody(name: str, cast: Cast, where: dict[str, Any], met: Met) -> int:
    """Ask for each address, and return how many answers were looked at."""
    route = DECISIONS.get(name)
    assert route is not None, HOW.format(name=name)
    path = path_of(name, where, route)
    wrong, count, before = [], 0, what_others_see()
    area = next((one for one in STAFF_AREAS if path.startswith(one)), "") if name in ROUTES else ""
    # Django makes the pages of the admin's classes, which are all alike: there a HEAD is a GET.
    for method in METHODS if name in ROUTES else ("GET", "POST"):
        people = people_at(name, path, method)
        told: dict[str, str] = {}
        if area and method in route.methods and method != "HEAD":
            for person, said in met.door.answers(method, path).items():
                if said in expected(person, method, route, path):
                    told[person] = said
                elif said is None and person not in people:
                    people = [*people, person]  # the middleware lets them pass, so the address itself has to refuse
                elif said not in route.to and person not in people:
                    wrong.append(f"{method} {path} as {person}: the door says {said}")
        # Of those whom the area does not let in, take the ones who never asked there; otherwise those who asked least.
        turn = sorted((one for one in people if one in told), key=lambda one: met.asked[area, one])
        turn = [one for one in turn if not met.asked[area, one]] or turn[:A_TURN]
        for person in people:
            if person in told and person not in turn:
                continue
            after: list[Any] | None = [] if method == "GET" and person in LOOKS else None
            answer = ask(cast, person, method, path, route.data if method == "POST" else None, looks=after)
            promised = expected(person, method, route, path)
            got = outcome(answer, route, next(iter(promised)))
            headers.check(answer, path)
            met.statuses.add(answer.status_code)
            count += 1
            if person in told:
                met.asked[area, person] += 1
                if got != told[person]:
                    wrong.append(f"{method} {path} as {person}: {got}, where the door says {told[person]}")
            if after and after != [before]:
                wrong.append(f"{method} {path} as {person}: changed what others see")
            if got not in promised:
                wrong.append(f"{method} {path} as {person}: {got}, and not {' or '.join(sorted(promised))}")
            read, own = words_in(answer), cast.may_read(person) if person in route.shows else set()
            if not read <= own:
                wrong.append(f"{method} {path} as {person}: shows what another person wrote")
            if SUMMARY.encode() in answer.content and person not in {REPORTER, ASSIGNED}:
                wrong.append(f"{method} {path} as {person}: shows a summary that its unit has not opened")
            if method == route.methods[-1] and read != own:
                wrong.append(f"{method} {path} as {person}: does not show their own conversation")
    assert not wrong, "\n".join(wrong)
    return count


def test_everybody_asks_for_each_class_of_the_admin_and_for_each_kind_of_page():
    of_class: dict[str, set[str]] = defaultdict(set)
    of_page: dict[tuple[int, str], set[str]] = defaultdict(set)
    for label, routes in ADMIN_ROUTES.items():
        for (kind, name), method in product(enumerate(routes), ("GET", "POST")):
            people = people_at(name, "", method)
            of_class[label].update(people)
            of_page[kind, method].update(people)
    assert all(met == set(ONE_OF_EACH) for met in (*of_class.values(), *of_page.values()))
    assert {person for name in FOR_EVERYBODY for person in people_at(name, "", "GET")} == set(PEOPLE)


def test_everybody_asks_at_the_addresses_of_visitors_and_each_sort_by_head():
    met: dict[str, set[str]] = defaultdict(set)
    for (name, route), method in product(ROUTES.items(), METHODS):
        people = people_at(name, f"/{ADDRESSES[name]}", method)
        if method == "HEAD" or method not in route.methods:
            met["HEAD" if method == "HEAD" else "unanswered"].update(people)
        elif is_of_visitors(name):
            assert set(people) >= VISITORS, name
            met[method].update(people)
    assert met == {"GET": set(PEOPLE), "POST": set(PEOPLE), "HEAD": set(SORTS), "unanswered": set(SORTS)}


def test_address_of_a_form_of_visitors_leads_back_to_its_page():
    """A page that is drawn there has links to its address: another language, the display settings."""
    forms = {
        name for name, route in ROUTES.items() if name.split(":")[0] in addresses.VISITORS and route.methods == WRITE
    }
    assert {name for name in forms if not ROUTES[name].back} == OF_SCRIPTS


def test_every_page_of_the_admin_has_a_door_of_its_own(cast, where, tried):
    """The view by itself, without the middleware before it, sends everybody to the sign-in but an administrator."""
    users = [User.objects.get(pk=user.pk) for user in cast.users.values()]
    strangers = [AnonymousUser(), *(user for user in users if user.role != Role.ADMINISTRATOR or not user.is_active)]
    assert len(strangers) > len(Role)
    for routes, method in product(ADMIN_ROUTES.values(), ("GET", "POST")):
        for name, route in routes.items():
            view = resolve(path_of(name, where, route))
            for user in strangers:
                request = RequestFactory().generic(method, "/admin/")
                request.user, request._dont_enforce_csrf_checks = user, True
                answer = view.func(request, *view.args, **view.kwargs)
                assert (answer.status_code, urlsplit(answer["Location"]).path) == (302, "/admin/login/"), (name, user)
        tried("pages of the admin, by a view alone, as a stranger", len(routes) * len(strangers))


def test_no_address_answers_another_method(cast, where, subtests, tried):
    """Nothing here answers PUT or DELETE: some views would take the one for a form, the other for an order.

    They are refused before a session or an address is read, so that who asks is no matter: nobody does, and each
    address is asked with one of these methods, by turns.
    """
    known, session = "pnav.middleware.methods.known_methods", "django.contrib.sessions.middleware.SessionMiddleware"
    assert site.MIDDLEWARE.index(known) < site.MIDDLEWARE.index(session)
    for name in ADDRESSES:
        with subtests.test(name):
            method = OTHER_METHODS[NUMBERS[name] % len(OTHER_METHODS)]
            answer = ask(cast, NOBODY, method, path_of(name, where, DECISIONS[name]))
            assert (answer.status_code, answer.headers.get("Allow")) == (405, "GET, HEAD, POST"), method
            tried("table of access: address, unknown method", 1)


# --- what belongs to somebody else is not there -----------------------------------------------------------------------

PASSING = re.compile(r""""s\d+_x\d+"|'[^']+'::timestamptz""")  # savepoints and times
TOKENS = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


def seen(cast: Cast, person: str, method: str, path: str, data: dict[str, Any] | None, key: object) -> tuple[Any, ...]:
    """Return all that somebody can tell: status, headers, body without what they sent themselves, number of queries."""
    with CaptureQueriesContext(connection) as queries:
        answer = ask(cast, person, method, path, data)
    own = re.compile(rf"(?<=keys/){key}(?=/)|(?<=keys%2F){key}(?=%2F)" if isinstance(key, int) else re.escape(str(key)))
    body = own.sub("KEY", TOKENS.sub("", answer.text))
    said = {name: own.sub("KEY", value) for name, value in answer.headers.items()}
    asked = [PASSING.sub("", query["sql"].split("WHERE")[0]) for query in queries]
    return answer.status_code, said, body, asked


GROUNDS = {
    "motive": "x", "legal_ground": "x", "prosecutor_reference": "x", "prosecutor_on": "2026-01-02",
}  # fmt: skip
UNTIL = {"until": "2099-01-01"}
# Where an address or a body names an object, that of somebody else must be answered like one that does not exist.
BY_KEY = {
    "console:conversation": [("GET", {}), ("POST", {"body": "Bonjour", "client_id": str(uuid.UUID(int=7))})],
    "console:messages": [("GET", {})],
    "console:facts": [("GET", {})],
    "console:captures": [("GET", {})],
    "console:capture_drawing": [("GET", {})],
    "console:capture_lock": [("POST", {"motive": "minor"}), ("POST", {})],
    "console:hand_over": [("POST", {"title": "x"}), ("POST", {"retirer": str(uuid.UUID(int=7))})],
    "console:set_aside_end": [("POST", {"motive": "law", "act": "delete", "told": "on"}), ("POST", {})],
    "console:close": [("POST", {"outcome": "advised", "confirm": "on"})],
    "console:weight": [("POST", {"weight": "2"})],
    "console:macro": [("POST", {"macro": "x", "body": "x"})],
    "console:urgency": [("POST", {"urgency": "2", "reason": "danger"}), ("POST", {})],
    "console:danger_dealt": [("POST", {"seq": "1"}), ("POST", {})],
    "console:hold": [("POST", {"minutes": "5"}), ("POST", {"lever": "1"})],
    "console:note": [("POST", {"body": "x"}), ("POST", {"body": "x", "replaces": "1"})],
    "console:draft": [("POST", {"body": "x"}), ("POST", {})],
    "console:ask": [("POST", {"body": "x", "colleague": ""}), ("POST", {})],
    "console:aside": [("POST", {"body": "x"}), ("POST", {"lu": "1"}), ("POST", {})],
    "console:reply": [("GET", {}), ("POST", {"title": "x", "vous": "x"}), ("POST", {"supprimer": "1"})],
    "console:sheet": [("POST", {"version": "0", "online": "yes"}), ("POST", {"version": "0", "autosave": "1"})],
    "console:propose": [
        ("POST", {"act": "question", "question": "x", "answer_1": "oui", "answer_2": "non"}),
        ("POST", {"act": "complaint"}),
        ("POST", {"act": "removal"}),
        ("POST", {"act": "partner", "partner": "1"}),
        ("POST", {"act": "appointment", "day": "2099-01-01", "hour": "10:00", "checked": "on"}),
        ("POST", {"act": "said", "said": "yes", "asked": str(uuid.UUID(int=7))}),
    ],
    "console:emergency": [("POST", {"situation": "danger"}), ("POST", {"step": "location"}), ("POST", {"end": "1"})],
    "console:transmit": [
        ("POST", {"act": "ask", "point": "1", "summary": "x"}),
        ("POST", {"act": "send", "point": "1", "summary": "x", "why": "x"}),
        ("POST", {"act": "withdraw", "transmission": str(uuid.UUID(int=7))}),
        ("POST", {"act": "search", "q": "93200"}),
    ],
    "console:paper": [("POST", {"motive": "person"}), ("POST", {})],
    "console:transfer": [("POST", {"target": "agent-1", "manner": "cold", "reason": "request"})],
    "console:withdraw": [("POST", {})],
    "console:answer": [("POST", {"answer": "accept"}), ("POST", {"answer": "decline", "reason": "non"})],
    "console:watched": [("GET", {}), ("POST", {"body": "Bonjour", "client_id": str(uuid.UUID(int=8))})],
    "console:watched_messages": [("GET", {})],
    "console:join": [("POST", {"motive": "essai"})],
    "console:leave": [("POST", {})],
    "console:whisper": [("POST", {"text": "essai"})],
    "console:reassign": [("POST", {"agent": "1", "motive": "essai"})],
    "console:ask_opening": [("GET", {}), ("POST", {"field": "name", "is_urgent": "on", **GROUNDS})],
    "console:freeze": [("GET", {}), ("POST", dict.fromkeys(("motive", "reference", "authority"), "x") | UNTIL)],
    "console:freeze_decision": [("POST", {"poser": "1"}), ("POST", {})],
    "console:erasure": [("GET", {}), ("POST", {"answer": "grant"})],
    "openings:detail": [("GET", {})],
    "openings:refuse": [("POST", {"reason": "non"})],
    "openings:answer": [("POST", {"reply": "x"})],
    "openings:review": [("POST", {"conclusion": "vu", **GROUNDS})],
    **{
        f"openings:{act}": [("POST", {})]
        for act in (
            "countersign",
            "agree",
            "withdraw",
            "envelope",
            "shown_here",
            "confirm",
            "show",
            "claim",
            "hand_over",
        )
    },
    "console:availability": [("POST", {"availability": "available", "capacity": "3", "echange": "KEY"})],
    "console:frames": [("POST", {"type": kind, "conversation": "KEY", **more}) for kind, more in FRAMES.items()],
    "chat:frames": [("POST", {"type": kind, "conversation": "KEY", **more}) for kind, more in FRAMES.items()],
    "mfa_edit_webauthn": [("GET", {}), ("POST", {"name": "à moi"})],
    "mfa_remove_webauthn": [("GET", {}), ("POST", {})],
}
# The people to whom that object does not belong. For the other addresses, this is every agent except its own.
STRANGERS = {"chat:frames": {OTHER_REPORTER}} | {
    # The supervisors of its unit decide about the end of conservation, and an agent decides nothing.
    name: {OTHER_AGENT, OTHER_SUPERVISOR} for name in ("console:freeze", "console:freeze_decision", "console:erasure")
} | {
    # Its agent cannot step in, nor can a supervisor of another unit.
    f"console:{act}": {ASSIGNED, OTHER_AGENT, OTHER_SUPERVISOR}
    for act in ("watched", "watched_messages", "join", "leave", "whisper", "reassign")
}  # fmt: skip
# These have no part in a disclosure about another's exchange.
NO_PART = {OTHER_AGENT, OTHER_SUPERVISOR, WITHOUT_AGENT, ADMINISTRATOR}
# Addresses of visitors' pages that contain no key of an object, or whose keys everybody may use.
NO_KEY = {
    "triage:result": "a result of the orientation",
    "triage:question": "a question of the orientation",
    "console:on_call_end": "an on-call duty, which tells nothing of anybody's exchange: tests/access/test_on_call.py",
    **{
        f"console:lookalikes{act}": "a group of those who wait, which every agent sees and may take: "
        "tests/chat/conversations/test_lookalikes.py"
        for act in ("", "_take", "_close")
    },
    "console:give_waiting": "who waits is in every agent's queue: tests/chat/supervision/test_giving.py",
    "console:end_procedure": "what the board shows to every supervisor: tests/chat/supervision/test_procedures.py",
    "console:left_mark": "what the board shows to every supervisor: tests/chat/supervision/test_left_marks.py",
    "listening:answer": "the psychologist's own: the others are refused before anything is looked for",
    **{
        f"unit:{act}": "other roles are refused before; another unit's: tests/chat/referral/test_referral_pages.py"
        for act in ("detail", "open", "meeting", "close", "dossier")
    },
    "chat:capture_drawing": "of their own visit alone: tests/chat/captures/test_handouts.py",
    **{
        f"unit:{act}": "other roles are refused before; another unit's: tests/chat/referral/test_unit_captures.py"
        for act in ("captures", "capture_drawing", "capture_original", "capture_lock")
    },
    "unit:facts": "other roles are refused before; another unit's: tests/chat/referral/test_unit_facts.py",
}


def test_every_address_with_a_key_is_compared():
    keyed = {name for name, address in ADDRESSES.items() if "<" in address and not address.startswith("admin/")}
    missing = sorted(keyed - set(BY_KEY) - set(NO_KEY))
    assert missing == [], "Compare somebody else's object with an unknown one: write it in BY_KEY."


PARTS = ("the status", "a header", "the body", "a query")


def _other_of_this_length(key: int) -> int:
    """Return a key that no row has, as long as that of a row: the length of a page is no difference then."""
    return key + 1 if len(str(key + 1)) == len(str(key)) else key - 1


def test_object_of_somebody_else_is_as_unknown(cast, where, subtests, tried):
    """The answer is the same, in as many queries, in the same order: neither words nor time tell that there is one."""
    passkey = passkey_of(cast.users[ASSIGNED])
    ask(cast, NOBODY, "GET", "/rien/")  # the first page reads what a process keeps for all its pages
    for name, requests in BY_KEY.items():
        strangers = NO_PART if name.startswith("openings:") else STRANGERS.get(name, AGENTS - {ASSIGNED})
        if name.startswith("mfa_"):
            foreign, unknown, value = passkey.pk, _other_of_this_length(passkey.pk), "pk"
        elif name.startswith("openings:"):
            foreign, unknown, value = cast.opening.public_id, uuid.uuid4(), "opening_id"
        elif name in {"console:aside", "console:reply"}:
            value = f"{name.removeprefix('console:')}_id"
            foreign, unknown = where[value], uuid.uuid4()
        else:
            foreign, unknown, value = cast.conversation.public_id, uuid.uuid4(), "public_id"
        for method, data in requests:
            for person in strangers:
                with subtests.test(f"{name} {data.get('type', method)} {person}"):
                    for _try in range(3):  # what a process keeps for a minute may be read again in between
                        answers = []
                        for key in (foreign, unknown):
                            path = path_of(name, {**where, value: key}, ROUTES[name])
                            sent = {field: str(key) if entry == "KEY" else entry for field, entry in data.items()}
                            answers.append(seen(cast, person, method, path, sent, key))
                        if answers[0] == answers[1]:
                            break
                    for part, foreign_one, unknown_one in zip(PARTS, *answers, strict=True):
                        assert foreign_one == unknown_one, f"{part} tells them apart"
                tried("objects of somebody else, beside unknown ones", 1)


def test_seen_tells_two_answers_apart(cast, where):
    """The comparison above can fail: one's own conversation and an unknown one are not the same."""
    first, second = (
        seen(cast, ASSIGNED, "GET", f"/console/echange/{key}/", None, key)
        for key in (cast.conversation.public_id, uuid.uuid4())
    )
    assert first[0] != second[0] and len(first[3]) > len(second[3])
