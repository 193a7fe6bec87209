"""The steps of a disclosure that tests need: asked for, agreed to, answered."""

import uuid

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reports.models import OpeningField, OpeningRequest, Report
from reports.openings import actions as opening_actions
from reports.openings.actions import Grounds
from reports.rules.openings import State
from reports.seal.replies import Recipient, Reply, seal_reply
from tests.reports.test_actions import file
from tests.reports.witness import confirm

GROUNDS = Grounds("Menaces de mort répétées", "Code pénal, art. 222-33-2-2", "PARQUET-4711", "2026-11-24")


def key_of(browser) -> Recipient:
    return Recipient(browser.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def ask(agent, *, report=None, field=OpeningField.NAME, urgent=False, recipient=None) -> OpeningRequest:
    return opening_actions.ask_opening(
        report=report or file(uuid.uuid4(), name="Anaïs Martin"),
        field=field,
        grounds=GROUNDS,
        is_urgent=urgent,
        recipient=recipient,
        by=agent,
    )


def agreed(agent, supervisor, custodians, **more) -> OpeningRequest:
    """Return a request that everybody who must has agreed to."""
    opening = ask(agent, **more)
    opening_actions.countersign_request(request_id=opening.pk, by=supervisor)
    if not opening.is_urgent:
        for custodian in custodians[:2]:
            opening_actions.agree_to_request(request_id=opening.pk, by=custodian)
    opening.refresh_from_db()
    assert opening.state == State.AGREED
    return opening


def answered(agent, supervisor, custodians, browser, text="Anaïs Martin", **more) -> OpeningRequest:
    opening = agreed(agent, supervisor, custodians, recipient=key_of(browser), **more)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    reply = Reply(opening.public_id, seal_reply(text, recipient=key_of(browser), request=opening.public_id))
    opening_actions.answer_request(request_id=opening.pk, by=custodians[0], reply=reply)
    confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    return opening


def shown_for_danger(agent, supervisor, custodians) -> OpeningRequest:
    """Return a request for imminent danger that was shown to the agent; its review is owed."""
    opening = agreed(agent, supervisor, custodians, urgent=True)
    opening_actions.take_envelope(request_id=opening.pk, by=custodians[0])
    opening_actions.shown_here(request_id=opening.pk, by=custodians[0])
    confirm(request_id=opening.pk, by=custodians[1])
    opening.refresh_from_db()
    return opening


def delete_report(opening: OpeningRequest) -> None:
    """Delete the report as `chat.retention.deletion` does."""
    opening_actions.forget_grounds([opening.report_id])
    Report.objects.filter(pk=opening.report_id).delete()
