"""The people of the access table, each with a browser of their own."""

from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone

from chat.casework import replies
from chat.models import Aside, AsidePart, Capture, Conversation, OwnReply, Transmission
from chat.wellbeing import debriefs
from common.client_address import Connection
from pnav.accounts.models import Role, User
from pnav.accounts.second_factor import enrol_totp, record_enrolment
from pnav.sessions import SessionStore
from reports import actions, reporter_identity
from reports.models import OpeningField, OpeningRequest, Report
from reports.openings import actions as opening_actions
from reports.session import GENERATION, KEY
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.factories import transmissions as hand
from triage.questionnaire.questions import VERSION

NOBODY = "nobody"
VISITOR = "visitor"  # a session, and no report in it
REPORTER = "reporter"
OTHER_REPORTER = "other reporter"
LEFT_BEHIND = "left behind"  # the reporter's first device, after a code de reprise was used on another one
ASSIGNED = "assigned agent"
OTHER_AGENT = "agent of another unit"
SUPERVISOR = "supervisor of the same unit"
OTHER_SUPERVISOR = "supervisor of another unit"
WITHOUT_AGENT = "agent's account without an agent"
CUSTODIAN = "custodian"
PSYCHOLOGIST = "psychologist"
UNIT = "account of the unit that was sent a summary"
ANALYST = "analyst"
ADMINISTRATOR = "administrator"
TEMPORARY = "temporary password"
WITHOUT_FACTOR = "no second factor"
UNPROVED = "factor not proved by this session"
DEACTIVATED = "deactivated account"
# The same four situations for an administrator; those above are for an agent.
CHIEF_TEMPORARY, CHIEF_WITHOUT_FACTOR, CHIEF_UNPROVED, CHIEF_DEACTIVATED = (
    f"administrator, {state}" for state in (TEMPORARY, WITHOUT_FACTOR, UNPROVED, DEACTIVATED)
)

PEOPLE = (
    NOBODY, VISITOR, REPORTER, OTHER_REPORTER, LEFT_BEHIND, ASSIGNED, OTHER_AGENT, SUPERVISOR, OTHER_SUPERVISOR,
    WITHOUT_AGENT, CUSTODIAN, PSYCHOLOGIST, UNIT, ANALYST, ADMINISTRATOR, TEMPORARY, WITHOUT_FACTOR, UNPROVED,
    DEACTIVATED, CHIEF_TEMPORARY, CHIEF_WITHOUT_FACTOR, CHIEF_UNPROVED, CHIEF_DEACTIVATED,
)  # fmt: skip
VISITORS = {NOBODY, VISITOR, REPORTER, OTHER_REPORTER, LEFT_BEHIND}
AGENTS = {ASSIGNED, OTHER_AGENT, SUPERVISOR, OTHER_SUPERVISOR}
SUPERVISORS = {SUPERVISOR, OTHER_SUPERVISOR}
# The people who have signed in with a password and a second factor.
SIGNED_IN = AGENTS | {WITHOUT_AGENT, CUSTODIAN, PSYCHOLOGIST, UNIT, ANALYST, ADMINISTRATOR}

# What each conversation says. Only answers to its two parties may contain it.
WORDS = "Parole-de-la-premiere-personne"
OTHER_WORDS = "Parole-de-l-autre-personne"
# What the assigned agent wrote to the psychologist. Nobody else may read it, and the agent cannot read it again either.
SECRET_WORDS = "Parole-a-la-psychologue"
# What the assigned agent wrote for the unit, with the person's agreement.
SUMMARY = "Resume-pour-l-unite"


@dataclass
class Cast:
    """The situation: two conversations, their agents, everybody else, and a session key for each."""

    conversation: Conversation
    other: Conversation  # a conversation of another reporter with the agent of another unit
    opening: OpeningRequest  # about `conversation`, by its agent; its person has asked for erasure too
    aside: Aside  # an aside of the agent of `conversation`, without an answer; nobody else of these people takes part
    reply: OwnReply  # made by the same agent
    transmission: Transmission  # a transmission of `conversation` to the unit's account, which has not opened it yet
    capture: Capture  # a capture of `conversation` that is shown and drawn, and that its agent has seen
    keys: dict[str, str] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)

    def may_read(self, person: str) -> set[str]:
        """Return the words that this person is a party to."""
        return {
            REPORTER: {WORDS},
            ASSIGNED: {WORDS},
            OTHER_REPORTER: {OTHER_WORDS},
            OTHER_AGENT: {OTHER_WORDS},
            PSYCHOLOGIST: {SECRET_WORDS},
        }.get(person, set())


def _session(**values: Any) -> str:
    session = SessionStore()
    session.update(values)
    session.save()
    return str(session.session_key)


def _visit(report: Report) -> str:
    return _session(**{KEY: str(report.public_id), GENERATION: report.visit_generation})


def signed_in(user: User, *, factor: bool = True, proved: bool = True) -> str:
    """Return the session key of somebody who gave their password and, unless told otherwise, proved a second factor."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    if factor:
        enrol_totp(user, generate_totp_secret())
    if factor and proved:
        record_enrolment(user, session)
    session.save()
    return str(session.session_key)


def _user(role: Role, name: str, **fields: Any) -> User:
    return User.objects.create_user(name, password="a password for tests", role=role, **fields)


def create_cast() -> Cast:
    """Create the cast inside a transaction that will be undone."""
    own, other = make.agent(unit_name="Ici"), make.agent(unit_name="Ailleurs")
    conversation = make.assigned(own)
    aside = Aside.objects.create(conversation=conversation, asked_by=own, asked_at=timezone.now(), is_for_all=True)
    for part in (own, make.agent(unit_name="Ici", present=False)):
        AsidePart.objects.create(aside=aside, agent=part)
    reply = replies.save_own(agent=own, title="Réponse", vous="Bonjour", tu="")
    unit = hand.account()
    sent = hand.sent(conversation, unit, SUMMARY)
    capture = make_captures.seen(conversation)
    cast = Cast(conversation, make.assigned(other), _opening(conversation, own.user), aside, reply, sent, capture)
    actions.ask_erasure(report_id=conversation.report_id)
    debriefs.ask_for_talk(agent=own, words=SECRET_WORDS)
    make.message(cast.conversation, WORDS)
    make.message(cast.other, OTHER_WORDS)

    cast.keys[VISITOR] = _session(triage={"version": VERSION, "answers": {}})
    cast.keys[LEFT_BEHIND] = _visit(cast.conversation.report)
    Report.objects.filter(pk=cast.conversation.report_id).update(visit_generation=1)
    cast.conversation.report.refresh_from_db()
    cast.keys[REPORTER] = _visit(cast.conversation.report)
    cast.keys[OTHER_REPORTER] = _visit(cast.other.report)

    supervisors = [make.agent(role=Role.SUPERVISOR, unit_name=name).user for name in ("Ici", "Ailleurs")]
    cast.users = {
        ASSIGNED: own.user,
        OTHER_AGENT: other.user,
        SUPERVISOR: supervisors[0],
        OTHER_SUPERVISOR: supervisors[1],
        WITHOUT_AGENT: _user(Role.AGENT, "sans-agent"),
        CUSTODIAN: _user(Role.CUSTODIAN, "referent"),
        PSYCHOLOGIST: _user(Role.PSYCHOLOGIST, "psychologue"),
        UNIT: unit.user,
        ANALYST: _user(Role.ANALYST, "analyste"),
        ADMINISTRATOR: _user(Role.ADMINISTRATOR, "chef"),
    }
    for person, user in cast.users.items():
        cast.keys[person] = signed_in(user)
    # If these were let in, they would be agents of the same unit, or administrators.
    for person in (TEMPORARY, WITHOUT_FACTOR, UNPROVED, DEACTIVATED):
        _half_in(cast, person, person, make.agent(unit_name="Ici").user)
        chief = f"administrator, {person}"
        _half_in(cast, chief, person, _user(Role.ADMINISTRATOR, f"chef-{len(cast.users)}"))
    return cast


def _opening(conversation: Conversation, by: User) -> OpeningRequest:
    reporter_identity.seal_identity(
        conversation.report, name="Anaïs", contact="", connection=Connection("192.0.2.1", "4711")
    )
    grounds = opening_actions.Grounds(
        motive="essai", legal_ground="essai", prosecutor_reference="1", prosecutor_on="2026-11-25"
    )
    return opening_actions.ask_opening(
        report=conversation.report, field=OpeningField.NAME, grounds=grounds, is_urgent=False, recipient=None, by=by
    )


def _half_in(cast: Cast, person: str, state: str, user: User) -> None:
    """Add somebody who gave a password, and lacks what `state` says."""
    cast.users[person] = user
    cast.keys[person] = signed_in(user, factor=state != WITHOUT_FACTOR, proved=state != UNPROVED)
    fields = {TEMPORARY: {"password_is_temporary": True}, DEACTIVATED: {"is_active": False}}.get(state)
    if fields:
        User.objects.filter(pk=user.pk).update(**fields)


def passkey_of(user: User) -> Authenticator:
    """Return a passkey of this account, as far as its address is concerned."""
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "clé"})
