"""Every act on a disclosure, in every state in which it may wait, is tried by everybody: who may do it, and that nobody
else's request changes anything.
"""

import json
from dataclasses import asdict

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.db import transaction

from common import encryption
from pnav.accounts.models import Role
from reports.models import OpeningRequest
from reports.openings import actions as opening_actions
from reports.rules.openings import State
from reports.seal.replies import Recipient, Reply, seal_reply
from tests.access.people import ANALYST, ASSIGNED, CUSTODIAN, PEOPLE, PSYCHOLOGIST, SIGNED_IN, SUPERVISOR, UNIT, Cast
from tests.access.table import ROUTES, WRITE
from tests.access.test_routes import ADDRESSES, GROUNDS, browser
from tests.accounts.cast import make_user
from tests.reports.witness import confirm

SUPERVISION, CUSTODY, ASKER = {SUPERVISOR}, {CUSTODIAN}, {ASSIGNED}

# Who may do it in which state; in the other states, and for everybody else, nothing is done. The supervisor of these
# people has countersigned, two custodians who are not among them have agreed, and one has taken the envelope. An
# ordinary disclosure has no review, and the exchange is still the asker's, so nobody takes the request over (for that,
# see tests/reports/openings/test_passing_on.py).
ACTS: dict[str, dict[State, set[str]]] = {
    "contresigner": {State.ASKED: SUPERVISION},
    "accorder": {State.COUNTERSIGNED: CUSTODY},
    "refuser": {
        State.ASKED: SUPERVISION,
        State.COUNTERSIGNED: CUSTODY,
        State.AGREED: CUSTODY,
        State.BROUGHT: CUSTODY,
    },
    "retirer": dict.fromkeys((State.ASKED, State.COUNTERSIGNED, State.AGREED, State.BROUGHT, State.ANSWERED), ASKER),
    "enveloppe": {State.AGREED: CUSTODY},
    "reponse": {State.AGREED: CUSTODY},
    "montree": {State.AGREED: CUSTODY},
    "confirmer": {State.BROUGHT: CUSTODY},
    "lire": {State.ANSWERED: ASKER},
    "examen": {},
    "reprendre": {},
    "confier": {},
}
WAITING = (State.ASKED, State.COUNTERSIGNED, State.AGREED, State.BROUGHT, State.ANSWERED, State.WITHDRAWN)


# People for whom the state could matter. The area refuses the others, whatever the state, so they try in the first
# state only.
NEAR = SIGNED_IN - {UNIT, PSYCHOLOGIST, ANALYST}


@pytest.fixture
def recipient() -> Recipient:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return Recipient(public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def reply_to(opening: OpeningRequest, recipient: Recipient) -> Reply:
    return Reply(opening.public_id, seal_reply("Anaïs", recipient=recipient, request=opening.public_id))


def bring_to(state: State, cast: Cast, recipient: Recipient, custodians: list) -> OpeningRequest:
    """Return the opening of the cast, as it stands in this state."""
    opening = OpeningRequest.objects.get(pk=cast.opening.pk)
    grounds = opening_actions.grounds_of(opening)
    opening.recipient = recipient.raw
    opening.sealed_grounds = encryption.seal(json.dumps(asdict(grounds)), context=opening.context)
    opening.save()
    if state is State.WITHDRAWN:
        opening_actions.withdraw_request(request_id=opening.pk, by=cast.users[ASSIGNED])
    elif state is not State.ASKED:
        opening_actions.countersign_request(request_id=opening.pk, by=cast.users[SUPERVISOR])
    if state in {State.AGREED, State.BROUGHT, State.ANSWERED}:
        for custodian in custodians:
            opening_actions.agree_to_request(request_id=opening.pk, by=custodian)
        opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    if state in {State.BROUGHT, State.ANSWERED}:
        opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=reply_to(opening, recipient))
    if state is State.ANSWERED:
        confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    assert opening.state == state
    return opening


def test_every_act_has_a_decision():
    paths = {ADDRESSES[name].split("/")[-2] for name, route in ROUTES.items()
             if name.startswith("openings:") and route.methods == WRITE}  # fmt: skip
    assert paths == set(ACTS)


def test_every_act_in_every_state_as_everybody(cast, recipient, tried):
    custodians = [make_user(name, Role.CUSTODIAN) for name in ("un", "deux")]
    wrong, count = [], 0
    for state in WAITING:
        with transaction.atomic():
            opening = bring_to(state, cast, recipient, custodians)
            sent = {"reason": "non", "reply": reply_to(opening, recipient).text, "conclusion": "vu", **GROUNDS}
            sent["fingerprint"] = opening_actions.reply_fingerprint(opening)
            steps = opening.steps.count()
            for act, allowed in ACTS.items():
                for person in PEOPLE if state is State.ASKED else NEAR:
                    with transaction.atomic():
                        browser(cast, person).post(f"/levees/{opening.public_id}/{act}/", sent)
                        is_done = opening.steps.count() > steps
                        transaction.set_rollback(True)
                    count += 1
                    if is_done != (person in allowed.get(state, set())):
                        wrong.append(f"{act}, {state}, as {person}: done: {is_done}")
            transaction.set_rollback(True)
    assert not wrong, "\n".join(wrong)
    tried("table of access: act on an opening, state, person", count)


def test_agent_who_became_administrator_has_no_request_left(cast):
    asker = cast.users[ASSIGNED]
    assert opening_actions.find_request(asker, cast.opening.public_id) == cast.opening
    asker.role = Role.ADMINISTRATOR
    assert opening_actions.find_request(asker, cast.opening.public_id) is None
