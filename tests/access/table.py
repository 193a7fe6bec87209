"""The access table: for each address, frame and page of the admin, who is let in and what the others are told.

A new route, frame or class of the admin has no line here, and the tests say so: decide, then write the line.

A rule says what each of `people.PEOPLE` gets: IN, the address to which they are redirected, or the status of a refusal.
An answer that is neither a redirect nor a refusal (2xx) is IN. So is a redirect to one of the addresses in `to` of the
line.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from tests.access.people import (
    ADMINISTRATOR,
    AGENTS,
    ANALYST,
    ASSIGNED,
    CHIEF_DEACTIVATED,
    CHIEF_TEMPORARY,
    CHIEF_UNPROVED,
    CHIEF_WITHOUT_FACTOR,
    CUSTODIAN,
    DEACTIVATED,
    LEFT_BEHIND,
    OTHER_AGENT,
    OTHER_REPORTER,
    OTHER_SUPERVISOR,
    PSYCHOLOGIST,
    REPORTER,
    SIGNED_IN,
    SUPERVISOR,
    SUPERVISORS,
    TEMPORARY,
    UNIT,
    UNPROVED,
    VISITORS,
    WITHOUT_AGENT,
    WITHOUT_FACTOR,
)  # fmt: skip

IN, FORBIDDEN, ABSENT, NO_SESSION, NOT_THERE = "in", "403", "404", "401", "409"
SIGN_IN, PASSWORD, ACCOUNT, PROVE = (
    "/compte/login/", "/compte/password/change/", "/compte/2fa/", "/compte/2fa/reauthenticate/",
)  # fmt: skip
CONFIRM = "/compte/reauthenticate/"  # the password is asked for again

Rule = Callable[[str], str]

OUTSIDE = VISITORS | {DEACTIVATED, CHIEF_DEACTIVATED}
NEXT_STEP = {
    TEMPORARY: PASSWORD, WITHOUT_FACTOR: ACCOUNT, UNPROVED: PROVE,
    CHIEF_TEMPORARY: PASSWORD, CHIEF_WITHOUT_FACTOR: ACCOUNT, CHIEF_UNPROVED: PROVE,
}  # fmt: skip
HALF_AGENTS, HALF_CHIEFS = (
    {TEMPORARY, WITHOUT_FACTOR, UNPROVED},
    {CHIEF_TEMPORARY, CHIEF_WITHOUT_FACTOR, CHIEF_UNPROVED},
)


NO_DOCUMENT = "00000000-0000-4000-8000-000000000007"  # a document that nobody has


# --- rules ------------------------------------------------------------------------------------------------------------


def anybody(_person: str) -> str:
    """Open: a page for everybody, which holds nothing of anybody."""
    return IN


def nobody(_person: str) -> str:
    """Answer as if it did not exist."""
    return ABSENT


def own_visit(otherwise: str, *, left_behind: str = "") -> Rule:
    """Let each reporter in for the conversation of their own visit, and send the others to where one begins.

    left_behind: for the device whose visit a code de reprise ended, where it is told that it ended.
    """

    def rule(person: str) -> str:
        if person == LEFT_BEHIND and left_behind:
            return left_behind
        return IN if person in {REPORTER, OTHER_REPORTER} else otherwise

    return rule


def _console(allowed: Collection[str], otherwise: str) -> Rule:
    def rule(person: str) -> str:
        if person in OUTSIDE:
            return SIGN_IN
        if person in HALF_AGENTS:
            return NEXT_STEP[person]
        if person in AGENTS:
            return IN if person in allowed else otherwise
        return FORBIDDEN  # the wrong role, or an account without an agent

    return rule


agents = _console(AGENTS, FORBIDDEN)
supervisors = _console(SUPERVISORS, FORBIDDEN)
# For other agents, and for supervisors too, there is no such conversation.
assigned_agent = _console({ASSIGNED}, ABSENT)


def figures(person: str) -> str:
    """Let supervisors and analysts read sums of the service, which are of nobody. Analysts enter nothing else."""
    return IN if person == ANALYST else supervisors(person)


def missing_supervisors(person: str) -> str:
    """Let supervisors find nothing at this address."""
    answer = supervisors(person)
    return ABSENT if answer == IN else answer


# Supervisors of its unit may step in. Nobody reads a word before joining.
its_supervisor = _console({SUPERVISOR}, ABSENT)
# Agents who answer or have answered it, and the supervisors of its unit, see how long it is kept, and read nothing of
# it there. A supervisor who is on call for that unit counts as one of them (`test_on_call`).
its_end = _console({ASSIGNED, SUPERVISOR}, ABSENT)


def its_decision(person: str) -> str:
    """Let supervisors of its unit decide about it. To supervisors of others it does not exist."""
    return ABSENT if person == OTHER_SUPERVISOR else supervisors(person)


def administrators(person: str) -> str:
    if person in OUTSIDE:
        return SIGN_IN
    if person in HALF_CHIEFS:
        return NEXT_STEP[person]
    return IN if person == ADMINISTRATOR else FORBIDDEN


def never_administrators(person: str) -> str:
    """Refuse a page of the admin to everybody, administrators too."""
    answer = administrators(person)
    return FORBIDDEN if answer == IN else answer


def missing_administrators(person: str) -> str:
    """Let administrators find nothing at this address of the admin."""
    answer = administrators(person)
    return ABSENT if answer == IN else answer


def _openings(allowed: Collection[str], otherwise: str, answer: str = IN) -> Rule:
    def rule(person: str) -> str:
        if person in OUTSIDE:
            return SIGN_IN
        if person in NEXT_STEP:
            return NEXT_STEP[person]
        if person in {PSYCHOLOGIST, UNIT, ANALYST}:
            return FORBIDDEN  # the middleware of the area refuses
        return answer if person in allowed else otherwise

    return rule


# Those who take part in disclosures. To others the area says that it is not for them, and a request does not exist.
openings_room = _openings(AGENTS | {WITHOUT_AGENT, CUSTODIAN}, FORBIDDEN)
openings_control = _openings({CUSTODIAN, ADMINISTRATOR}, FORBIDDEN)
# The agent who asked, the supervisors of their unit, and every custodian. `test_openings` says what each may do when.
PARTIES = {ASSIGNED, CUSTODIAN, SUPERVISOR}
party_to_opening = _openings(PARTIES, ABSENT)


def listening(person: str) -> str:
    """Let the psychologist read which agents wish to talk: no supervisor, no administrator."""
    if person in OUTSIDE:
        return SIGN_IN
    return IN if person == PSYCHOLOGIST else FORBIDDEN


def own_visit_answered_first(person: str) -> str:
    """Give reporters 422 before they have answered the question. Nobody else has a visit to send to."""
    answer = own_visit(NO_SESSION)(person)
    return "422" if answer == IN else answer


def own_visit_without_proof(person: str) -> str:
    """Give reporters 422, because today's words have no proof yet, and send others to where one begins."""
    answer = own_visit("/tchat/reprendre/")(person)
    return "422" if answer == IN else answer


def own_visit_without_handouts(person: str) -> str:
    """Let reporters find nothing, because nothing of that number was handed to them, and send others to where one
    begins.
    """
    if person == LEFT_BEHIND:
        return IN  # is told that the visit has ended
    answer = own_visit("/tchat/")(person)
    return ABSENT if answer == IN else answer


def unopened_by_unit(person: str) -> str:
    """Hide what lies beside a summary that its unit has not opened yet, as if it did not exist."""
    answer = receiving_unit(person)
    return ABSENT if answer == IN else answer


def receiving_unit(person: str) -> str:
    """Let the accounts of a unit read what was transmitted to it: no agent, no supervisor, no administrator."""
    if person in OUTSIDE:
        return SIGN_IN
    return IN if person == UNIT else FORBIDDEN


def own_account(person: str) -> str:
    """Let everybody in who proved a password and a second factor, for their own account."""
    return SIGN_IN if person in OUTSIDE else NEXT_STEP.get(person, IN)


def _or(rule: Rule, **outcomes: str) -> Rule:
    """Apply `rule`, save for a group, or for who lacks a step: `temporary`, `without_factor`, `unproved`."""
    groups = {
        "temporary": {TEMPORARY, CHIEF_TEMPORARY}, "without_factor": {WITHOUT_FACTOR, CHIEF_WITHOUT_FACTOR},
        "unproved": {UNPROVED, CHIEF_UNPROVED}, "outside": OUTSIDE, "signed_in": SIGNED_IN,
    }  # fmt: skip

    def changed(person: str) -> str:
        return next((answer for name, answer in outcomes.items() if person in groups[name]), rule(person))

    return changed


def _room(person: str) -> str:
    """Return the address to which whoever has signed in is sent."""
    if person in AGENTS | {WITHOUT_AGENT}:
        return "/console/"
    rooms = {
        ADMINISTRATOR: "/admin/",
        CUSTODIAN: "/levees/",
        PSYCHOLOGIST: "/ecoute/",
        UNIT: "/unite/",
        ANALYST: "/console/historique/",
    }
    return rooms.get(person) or NEXT_STEP[person]


def way_in(outside: str) -> Rule:
    """Let in only those who have not signed in, because this is a step of the sign-in."""
    return lambda person: outside if person in OUTSIDE else _room(person)


# --- the addresses ----------------------------------------------------------------------------------------------------

READ, READ_ONLY_GET, WRITE, FORM = ("GET", "HEAD"), ("GET",), ("POST",), ("GET", "HEAD", "POST")


@dataclass(frozen=True)
class Route:
    """The decision about one address.

    who: the rule. methods: those that it answers; other methods get 405 from everybody whom the area lets in.
    to: redirects that are its own way of answering. data: what a POST sends; nothing by default.
    shows: who reads their own conversation there (asked with the last of `methods`). Nobody else reads a word of any.
    where: values of the address that replace those of `tests.access.test_routes`. back: the page to which the address
    of a form leads whoever only asks for it, by GET or HEAD.
    """

    who: Rule
    methods: tuple[str, ...]
    to: tuple[str, ...] = ()
    data: dict[str, Any] | None = None
    shows: frozenset[str] = frozenset()
    where: dict[str, str] = field(default_factory=dict)
    back: str = ""


PLACE = "/point-d-accueil/"
DOOR = "/orientation/maintenant/"
OPENING = "/levees/…/"  # the page of the request
BOTH_REPORTERS, ITS_AGENT = frozenset({REPORTER, OTHER_REPORTER}), frozenset({ASSIGNED})
# The list of the console shows each agent the last words of their own conversations.
EACH_AGENT = frozenset({ASSIGNED, OTHER_AGENT})
READ_ALL = {"type": "sync", "after": 0}  # a frame

# Addresses of visitors where only scripts send something, and which draw no page.
OF_SCRIPTS = {"chat:captures_upload", "chat:copy_look", "chat:frames", "locations:suggestions"}
ROUTES: dict[str, Route] = {
    # Pages for everybody.
    "pages:home": Route(anybody, FORM, to=(DOOR, "/tchat/")),
    "pages:law": Route(anybody, READ),
    "pages:removal": Route(anybody, FORM),
    "pages:removal_request": Route(anybody, FORM),
    "pages:numbers": Route(anybody, READ),
    "pages:minors": Route(anybody, READ),
    "pages:minors_simple": Route(anybody, READ),
    "pages:professionals": Route(anybody, READ),
    "pages:quit": Route(anybody, FORM, to=("https://meteofrance.com/",)),
    "pages:feedback": Route(anybody, FORM),
    "pages:feedback_thanks": Route(anybody, READ),
    "pages:accessibility": Route(anybody, READ),
    "pages:legal": Route(anybody, READ),
    "pages:privacy": Route(anybody, READ),
    # Figures are rounded before they are stored, and small ones are left out (chat.rules.daily_figures,
    # chat.rules.small_counts).
    "pages:figures": Route(anybody, READ),
    "pages:figures_csv": Route(anybody, READ),
    "pages:figures_schema": Route(anybody, READ),
    "pages:robots": Route(anybody, READ),
    "pages:sitemap": Route(anybody, READ),
    "pages:card": Route(anybody, READ),
    "security_txt": Route(nobody, READ),  # it exists only with CONTACT_EMAIL, which the tests leave empty
    "pages:favicon": Route(anybody, READ, to=("/static/pnav/favicon-discreet.svg",)),
    "pages:touch_icon": Route(anybody, READ, to=("/static/pnav/touch-icon-discreet.png",)),
    "pages:touch_icon_precomposed": Route(anybody, READ, to=("/static/pnav/touch-icon-discreet.png",)),
    "pages:display_settings": Route(anybody, FORM),
    "pages:components": Route(anybody, READ),  # the gallery: demonstration and tests only
    # The orientation and the place: they show what the visit itself said, and nothing about anybody else.
    "triage:start": Route(anybody, READ, to=("/tchat/",)),  # when an exchange is open, it leads back to it
    "triage:open_door": Route(anybody, FORM, to=(DOOR,)),
    "triage:restart": Route(anybody, FORM, to=("/orientation/",)),
    "triage:current_result": Route(anybody, READ, to=(DOOR,)),
    "triage:result": Route(anybody, READ, to=(DOOR,), where={"slug": "tchat"}),
    "triage:question": Route(anybody, FORM, to=(DOOR, "/tchat/"), where={"slug": "maintenant"}),
    "locations:search": Route(anybody, FORM, to=(PLACE,)),
    "locations:suggestions": Route(anybody, WRITE),
    "locations:results": Route(anybody, READ, to=(PLACE,)),
    "locations:choose": Route(anybody, WRITE, to=(PLACE,), back=PLACE),
    "locations:chosen": Route(anybody, READ, to=(PLACE,)),
    "locations:remove": Route(anybody, FORM, to=(PLACE,)),
    "locations:remove_interlocutor": Route(anybody, FORM, to=(PLACE, "/tchat/")),
    "locations:my_contacts": Route(anybody, READ, to=(PLACE,)),
    # The visitor's exchange: only the session opens it.
    "reports:create": Route(own_visit("/orientation/"), FORM, to=("/tchat/",)),
    # It shows the form of this visit that waits, if there is one.
    "reports:effort": Route(anybody, FORM, to=("/signalement/",)),
    # Without a visit, it shows the two ways in.
    "chat:conversation": Route(anybody, READ_ONLY_GET, shows=BOTH_REPORTERS),
    "chat:message": Route(own_visit("/tchat/", left_behind="/tchat/"), WRITE, shows=BOTH_REPORTERS, back="/tchat/"),
    "chat:messages": Route(own_visit("/tchat/", left_behind=IN), READ_ONLY_GET, shows=BOTH_REPORTERS),
    "chat:draft": Route(
        own_visit("/tchat/", left_behind="/tchat/"), WRITE, to=("/tchat/", "/tchat/suites/"), back="/tchat/"
    ),
    # The visit's own journal.
    "chat:facts": Route(own_visit("/tchat/", left_behind=IN), FORM, to=("/tchat/faits/", "/tchat/")),
    # Its own copy: by a code too, if its person said so (tests/chat/personal_copy/test_page.py).
    "chat:copy": Route(own_visit("/tchat/reprendre/"), FORM),
    "chat:copy_look": Route(own_visit("/tchat/reprendre/"), WRITE),
    "chat:copy_later": Route(own_visit("/tchat/reprendre/"), WRITE, to=("/tchat/copie/",), back="/tchat/copie/"),
    "chat:receipt": Route(own_visit("/tchat/reprendre/"), WRITE, back="/tchat/copie/"),
    "chat:receipt_paper": Route(own_visit("/tchat/reprendre/"), WRITE, to=("/tchat/copie/",), back="/tchat/copie/"),
    "chat:copy_proof": Route(
        own_visit_without_proof, WRITE, data={"kind": "message", "number": "1"}, back="/tchat/copie/"
    ),
    "chat:copy_checker": Route(anybody, READ_ONLY_GET),
    "chat:copy_schema": Route(anybody, READ_ONLY_GET),
    "chat:exchange_schema": Route(anybody, READ_ONLY_GET),
    # A visit sees its own captures, and nobody else's.
    "chat:captures": Route(own_visit("/tchat/", left_behind=IN), FORM, to=("/tchat/captures/", "/tchat/")),
    # Only what was handed to this visit, and the capture of these people was not: tests/chat/captures/test_handouts.py.
    "chat:capture_drawing": Route(own_visit_without_handouts, READ_ONLY_GET),
    "chat:captures_upload": Route(own_visit_answered_first, WRITE, data={"type": "slice"}),
    "chat:report": Route(
        own_visit("/tchat/"), WRITE, to=("/tchat/",), back="/tchat/"
    ),  # it adds to the visit's own report
    # It gives the visit's own exchange the place that the visit chose.
    "chat:place": Route(own_visit("/tchat/"), WRITE, to=("/tchat/", PLACE + "choix/"), back=PLACE + "choix/"),
    # A frame, which is empty without a visit, and whose form leads back to it.
    "chat:news": Route(anybody, ("POST", "GET"), to=("/tchat/suite/",), shows=BOTH_REPORTERS),
    "chat:frames": Route(own_visit(NO_SESSION), WRITE, data=READ_ALL, shows=BOTH_REPORTERS),
    "chat:code": Route(own_visit("/tchat/reprendre/", left_behind=IN), FORM, to=("/tchat/",)),
    "chat:code_annul": Route(
        own_visit("/tchat/reprendre/", left_behind="/tchat/"), WRITE, to=("/tchat/code/",), back="/tchat/code/"
    ),
    "chat:handover": Route(own_visit("/tchat/", left_behind=IN), FORM, to=("/tchat/",)),  # there is nothing to read yet
    "chat:end": Route(own_visit("/tchat/", left_behind=IN), ("GET", "POST"), to=("/tchat/",)),
    "chat:answers": Route(own_visit(NO_SESSION), READ_ONLY_GET),
    "chat:follow_up": Route(own_visit("/tchat/reprendre/"), FORM),
    "chat:follow_up_meeting": Route(
        own_visit("/tchat/reprendre/"), WRITE, to=("/tchat/suites/",), back="/tchat/suites/"
    ),
    "chat:follow_up_removal": Route(
        own_visit("/tchat/reprendre/"), WRITE, to=("/tchat/suites/",), back="/tchat/suites/"
    ),
    "chat:follow_up_removal_answer": Route(
        own_visit("/tchat/reprendre/"), WRITE, to=("/tchat/suites/",), back="/tchat/suites/"
    ),
    "chat:follow_up_code": Route(
        own_visit("/tchat/reprendre/"), WRITE, to=("/tchat/code/", "/tchat/suites/"), back="/tchat/suites/"
    ),
    "chat:slip": Route(own_visit("/tchat/", left_behind=IN), FORM, to=("/tchat/",)),
    "chat:slip_paper": Route(own_visit("/tchat/", left_behind=IN), READ_ONLY_GET),
    # A visit that typed the words (`chat:resume`) may see the answer to a request for erasure too, and no other visit
    # may.
    "chat:keeping": Route(own_visit("/tchat/reprendre/"), READ),
    "chat:erasure": Route(own_visit("/tchat/reprendre/"), FORM, to=("/tchat/conservation/",)),
    "chat:erasure_by_words": Route(
        own_visit("/tchat/reprendre/"), WRITE, to=("/tchat/reprendre/",), back="/tchat/effacement/"
    ),
    "chat:resume": Route(anybody, FORM),
    # The console.
    "console:home": Route(agents, READ_ONLY_GET, shows=EACH_AGENT),
    "console:availability": Route(agents, WRITE, shows=EACH_AGENT),  # without a choice, it shows the screen again
    "console:conversation": Route(assigned_agent, FORM, shows=ITS_AGENT),
    "console:facts": Route(assigned_agent, READ_ONLY_GET),
    "console:captures": Route(assigned_agent, READ_ONLY_GET),
    "console:capture_drawing": Route(assigned_agent, READ_ONLY_GET),
    "console:capture_lock": Route(
        assigned_agent, WRITE, data={"motive": "minor"}, to=("/console/echange/…/captures/",)
    ),
    "console:hand_over": Route(
        assigned_agent, WRITE, data={"retirer": NO_DOCUMENT}, to=("/console/echange/…/captures/",)
    ),
    "console:set_aside": Route(supervisors, READ_ONLY_GET),
    "console:set_aside_end": Route(
        missing_supervisors, WRITE
    ),  # nothing is set aside: tests/chat/console/test_set_aside.py
    "console:messages": Route(assigned_agent, READ_ONLY_GET, shows=ITS_AGENT),
    "console:close": Route(assigned_agent, WRITE, shows=ITS_AGENT),  # without an outcome, it shows the screen again
    "console:weight": Route(assigned_agent, WRITE, to=("/console/echange/…/",)),
    "console:pause": Route(agents, WRITE, to=("/console/",)),
    "console:idle_pause": Route(agents, WRITE),
    "console:phone": Route(agents, WRITE, to=("/console/",)),
    "console:care": Route(agents, READ_ONLY_GET),  # the agent's own weeks and own request
    "console:debrief": Route(agents, WRITE, to=("/console/prendre-soin/",)),
    "console:urgency": Route(assigned_agent, WRITE, shows=ITS_AGENT),  # without a reason, it shows the screen again
    "console:danger_dealt": Route(assigned_agent, WRITE, to=("/console/echange/…/",)),
    "console:hold": Route(assigned_agent, WRITE, to=("/console/echange/…/",)),
    "console:draft": Route(assigned_agent, WRITE),
    "console:note": Route(assigned_agent, WRITE, shows=ITS_AGENT),  # without a text, it shows the screen again
    "console:ask": Route(assigned_agent, WRITE, shows=ITS_AGENT),
    # Without a text, it shows the screen with no conversation open.
    "console:aside": Route(assigned_agent, WRITE, shows=ITS_AGENT),
    "console:replies": Route(agents, FORM),
    "console:reply": Route(assigned_agent, FORM, data={"supprimer": "1"}, to=("/console/reponses/",)),
    "console:transfer": Route(assigned_agent, WRITE, shows=ITS_AGENT),  # to nobody, it shows the screen again
    "console:withdraw": Route(assigned_agent, WRITE, to=("/console/echange/…/",)),
    "console:handovers": Route(agents, READ_ONLY_GET),
    # Nobody is offered anything: whoever asks is told alike that it is too late.
    "console:answer": Route(_console(set(), "/console/"), WRITE),
    "console:end_duty": Route(agents, FORM, to=("/console/",)),
    "console:watched": Route(its_supervisor, FORM),
    # An agent who has not joined is led to the page where one joins.
    "console:watched_messages": Route(its_supervisor, READ_ONLY_GET, to=("/console/tableau/echange/…/",)),
    "console:join": Route(its_supervisor, WRITE),  # without a motive, it shows the page again
    "console:leave": Route(its_supervisor, WRITE, to=("/console/tableau/",)),
    "console:whisper": Route(its_supervisor, WRITE),
    "console:reassign": Route(its_supervisor, WRITE),
    "console:ask_opening": Route(assigned_agent, FORM),
    # When nothing was sent that can be kept, the answer is the screen again, or a redirect to it.
    "console:sheet": Route(assigned_agent, WRITE, shows=ITS_AGENT),
    "console:propose": Route(assigned_agent, WRITE, to=("/console/echange/…/",)),
    "console:macro": Route(assigned_agent, WRITE, shows=ITS_AGENT),  # without a macro, it shows the screen again
    "console:emergency": Route(assigned_agent, WRITE, shows=ITS_AGENT),
    "console:paper": Route(assigned_agent, WRITE, shows=ITS_AGENT),
    "console:transmit": Route(assigned_agent, WRITE, shows=ITS_AGENT),  # without an act, it shows the screen again
    "console:transmissions": Route(agents, READ_ONLY_GET),  # the agent's own conversations, without a word of them
    "console:own_search": Route(agents, FORM),
    "console:word_search": Route(agents, FORM),  # it searches in what this agent holds now
    "console:receipt": Route(agents, FORM),
    "console:help": Route(agents, READ_ONLY_GET),  # it says nothing about anybody
    "console:endings": Route(agents, READ_ONLY_GET),
    "console:freeze": Route(its_end, FORM),
    "console:freeze_decision": Route(its_decision, WRITE, to=("/console/conservation/",)),
    "console:erasure": Route(its_decision, FORM),
    "console:presence": Route(agents, READ_ONLY_GET),
    "console:losses_read": Route(agents, WRITE, to=("/console/",)),
    "console:board": Route(supervisors, READ_ONLY_GET),
    "console:board_layout": Route(supervisors, FORM),
    "console:dossier_layout": Route(agents, FORM),  # each sets their own; it reads no exchange
    "console:list_order": Route(agents, WRITE, shows=EACH_AGENT),  # without an order, it shows the screen again
    # A group that is over, or never existed, leads back to the console.
    "console:lookalikes": Route(agents, READ_ONLY_GET, to=("/console/",)),
    "console:lookalikes_take": Route(agents, WRITE, to=("/console/",)),
    "console:lookalikes_close": Route(agents, WRITE, to=("/console/",)),
    "console:staffing": Route(figures, READ_ONLY_GET),
    "console:staffing_csv": Route(figures, READ_ONLY_GET),
    "console:on_call": Route(supervisors, FORM),
    "console:pause_agent": Route(supervisors, FORM),  # a supervisor of any unit: whom they may choose is theirs
    "console:give_waiting": Route(supervisors, FORM, to=("/console/tableau/",)),  # who does not wait leads to the board
    # The procedure of an exchange that an agent answers leads to the board: tests/chat/supervision/test_procedures.py.
    "console:end_procedure": Route(supervisors, FORM, to=("/console/tableau/",)),
    # So does a mark of an exchange that is open: tests/chat/supervision/test_left_marks.py.
    "console:left_mark": Route(supervisors, FORM, to=("/console/tableau/",)),
    # No summary is named: the page says that nothing changed. tests/chat/supervision/test_unread_referrals.py has one.
    "console:unread_referrals": Route(supervisors, FORM, to=("/console/tableau/transmissions/",)),
    # An on-call duty that does not exist; `test_on_call` has one.
    "console:on_call_end": Route(missing_supervisors, WRITE),
    "console:history": Route(figures, READ_ONLY_GET),
    "console:history_csv": Route(figures, READ_ONLY_GET),
    "console:history_layout": Route(figures, FORM),  # each sets their own
    "console:frames": Route(agents, WRITE, data={"type": "beat"}),
    # The psychologist's page.
    "listening:index": Route(listening, READ_ONLY_GET, shows=frozenset({PSYCHOLOGIST})),
    "listening:answer": Route(listening, WRITE, to=("/ecoute/",), shows=frozenset({PSYCHOLOGIST})),
    # The pages of a unit show what was sent to that unit, once it is opened (test_transmission_pages asks another unit
    # too).
    "unit:index": Route(receiving_unit, FORM),
    "unit:receipt": Route(receiving_unit, FORM),
    "unit:detail": Route(receiving_unit, READ_ONLY_GET),
    "unit:open": Route(receiving_unit, WRITE, to=("/unite/…/",)),
    # The captures that it sees once it has opened the summary: tests/chat/referral/test_unit_captures.py.
    "unit:dossier": Route(receiving_unit, WRITE, to=("/unite/…/",)),
    "unit:facts": Route(unopened_by_unit, READ_ONLY_GET),
    "unit:captures": Route(unopened_by_unit, READ_ONLY_GET),
    "unit:capture_drawing": Route(unopened_by_unit, READ_ONLY_GET),
    "unit:capture_original": Route(unopened_by_unit, WRITE, data={"motive": "complaint"}),
    "unit:capture_lock": Route(unopened_by_unit, WRITE, data={"motive": "minor"}),
    "unit:meeting": Route(receiving_unit, WRITE, to=("/unite/…/",)),
    "unit:close": Route(receiving_unit, WRITE, to=("/unite/…/",)),
    # Disclosures of the seal. Administrators may read the list of them, and no request.
    "openings:index": Route(openings_room, READ_ONLY_GET),
    "openings:register": Route(openings_control, READ_ONLY_GET),
    "openings:register_csv": Route(openings_control, READ_ONLY_GET),
    "openings:register_pdf": Route(openings_control, READ_ONLY_GET),
    "openings:detail": Route(party_to_opening, READ_ONLY_GET),
    "openings:countersign": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:agree": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:refuse": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:claim": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:hand_over": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:withdraw": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:envelope": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:answer": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:shown_here": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:confirm": Route(party_to_opening, WRITE, to=(OPENING,)),
    "openings:show": Route(_openings(PARTIES, ABSENT, NOT_THERE), WRITE),  # nothing to show yet
    "openings:review": Route(party_to_opening, WRITE, to=(OPENING,)),
    # The way in, and one's own account.
    "account_home": Route(_or(own_account, outside=ACCOUNT, without_factor=IN), FORM, to=(ACCOUNT,)),
    "account_login": Route(way_in(IN), FORM),
    "account_logout": Route(_or(anybody, outside=SIGN_IN), FORM, to=(SIGN_IN,)),
    "account_inactive": Route(_or(own_account, outside=IN), READ),
    # A password alone is no proof for somebody who has a factor, so they are led to the factor.
    "account_reauthenticate": Route(_or(own_account, without_factor=IN), FORM, to=(PROVE,)),
    "account_session": Route(_or(anybody, outside=SIGN_IN), READ_ONLY_GET),
    "account_end_other_sessions": Route(own_account, WRITE, to=("/compte/2fa/",)),
    # Without a provider these do not exist; with one, see tests/accounts/test_openid.py.
    "openid_login": Route(_or(own_account, outside=ABSENT, signed_in=ABSENT), WRITE),
    "openid_callback": Route(_or(own_account, outside=ABSENT, signed_in=ABSENT), READ),
    "account_change_password": Route(_or(own_account, temporary=IN, without_factor=IN), FORM),
    "mfa_index": Route(_or(own_account, without_factor=IN), READ),
    "mfa_authenticate": Route(way_in(SIGN_IN), FORM),
    "mfa_reauthenticate": Route(_or(own_account, unproved=IN), FORM),
    "mfa_activate_totp": Route(_or(own_account, without_factor=CONFIRM), FORM, to=("/compte/2fa/totp/deactivate/",)),
    "mfa_deactivate_totp": Route(own_account, FORM, to=(ACCOUNT,)),
    "mfa_view_recovery_codes": Route(_or(own_account, signed_in=ABSENT), READ),  # they have no codes
    "mfa_generate_recovery_codes": Route(own_account, FORM, to=("/compte/2fa/recovery-codes/",)),
    "mfa_list_webauthn": Route(own_account, READ),
    "mfa_add_webauthn": Route(_or(own_account, without_factor=CONFIRM), FORM),
    "mfa_login_webauthn": Route(way_in(SIGN_IN), FORM),
    "mfa_reauthenticate_webauthn": Route(_or(own_account, unproved=PROVE, signed_in=PROVE), FORM),
    # The key of somebody who is not among these people.
    "mfa_edit_webauthn": Route(_or(own_account, signed_in=ABSENT), FORM),
    "mfa_remove_webauthn": Route(_or(own_account, signed_in=ABSENT), FORM),
    # The admin's own pages; those of its classes follow from ADMIN below.
    "admin:index": Route(administrators, FORM),
    "admin:login": Route(administrators, FORM, to=("/admin/",)),
    "admin:logout": Route(administrators, WRITE, to=(SIGN_IN,)),
    "admin:password_change": Route(administrators, FORM, to=(PASSWORD,)),
    "admin:password_change_done": Route(administrators, READ),
    "admin:autocomplete": Route(never_administrators, READ),  # without the field that it should complete
    "admin:jsi18n": Route(administrators, READ),
    "admin:app_list": Route(administrators, FORM, where={"app_label": "chat"}),
    "admin:auth_user_password_change": Route(administrators, FORM),
    "admin:accounts_user_import": Route(administrators, FORM),
    "admin:accounts_user_export": Route(administrators, WRITE),
    "admin:reports_houserule_changes": Route(administrators, READ),
    "admin:pages_contentblock_to_translate": Route(administrators, READ),
    # A proposal that does not exist. What an administrator decides is in tests/accounts/test_reviewed.py.
    "admin:accounts_pendingchange_decide": Route(missing_administrators, WRITE, where={"number": "2147483647"}),
    # Versions of the questionnaire: a draft, which is edited, looked at and published.
    "admin:triage_questionnaireversion_part": Route(administrators, FORM, where={"kind": "question", "key": "age"}),
    "admin:triage_questionnaireversion_document": Route(administrators, FORM),
    "admin:triage_questionnaireversion_preview": Route(
        administrators, FORM, to=("/admin/triage/questionnaireversion/…/apercu/",)
    ),
    "admin:triage_questionnaireversion_differences": Route(administrators, READ),
    "admin:triage_questionnaireversion_publish": Route(
        administrators, FORM, to=("/admin/triage/questionnaireversion/…/publier/",)
    ),
    "admin:admin/(?P<url>.*)$": Route(missing_administrators, FORM, where={"url": "rien"}),
    # Pages for the operator. Anybody who has the token may read /metrics.
    "health_live": Route(anybody, READ),
    "health_ready": Route(anybody, READ),
    "metrics": Route(nobody, READ),
}


# --- the admin --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AdminClass:
    """What only an administrator may do with one class. Reading its list and its history is included.

    saves_nothing_written: its form may be sent empty, and leads to the list.
    """

    add: bool = True
    change: bool = True
    delete: bool = True
    actions: frozenset[str] = frozenset()
    saves_nothing_written: bool = False


ADMIN: dict[str, AdminClass] = {
    "accounts.PendingChange": AdminClass(add=False, change=False, delete=False),  # a page of its own decides it
    "accounts.User": AdminClass(delete=False, actions=frozenset({"reset_second_factor"})),
    "chat.Agent": AdminClass(add=False, delete=False),
    "chat.CannedReply": AdminClass(),
    "chat.DangerPhrase": AdminClass(),
    "chat.Macro": AdminClass(),
    # An on-call duty is named and ended, and neither changed nor deleted.
    "chat.OnCall": AdminClass(change=False, delete=False, actions=frozenset({"end_now"})),
    "chat.Unit": AdminClass(),
    "chat.UnitAccount": AdminClass(add=False, delete=False),  # it goes with its account
    "locations.Competence": AdminClass(),
    "locations.DataEdition": AdminClass(add=False, change=False, delete=False),
    "locations.Municipality": AdminClass(add=False, delete=False),
    "locations.Partner": AdminClass(actions=frozenset({"give_back"})),
    "locations.ReceptionPoint": AdminClass(actions=frozenset({"give_back"})),
    "locations.UnitAlias": AdminClass(),
    "pages.Announcement": AdminClass(change=False, delete=False, actions=frozenset({"take_down"})),
    "pages.ContentBlock": AdminClass(actions=frozenset({"verify_today"})),
    "pages.Feedback": AdminClass(add=False, change=False),
    "pages.HelpNumber": AdminClass(actions=frozenset({"verify_today"})),
    "pages.RemovalPlatform": AdminClass(actions=frozenset({"verify_today"})),
    "reports.AccessRecord": AdminClass(add=False, change=False, delete=False),
    # Its list is a form that sets every number, and a single row can only be read.
    "reports.ChatClosure": AdminClass(change=False, delete=False, actions=frozenset({"reopen_now"})),
    "reports.Letterhead": AdminClass(add=False),  # there is one already; another is added only when there is none
    "reports.CaptureContact": AdminClass(add=False),  # likewise
    "reports.HouseRule": AdminClass(add=False, change=False, delete=False),
    "reports.ErasureRequest": AdminClass(add=False, change=False, delete=False),
    "reports.RetentionRule": AdminClass(add=False, delete=False),
    "reports.Tombstone": AdminClass(add=False, change=False, delete=False),
    "sentences.ChangedSentence": AdminClass(add=False, delete=False, saves_nothing_written=True),
    "triage.QuestionnaireVersion": AdminClass(),
}
