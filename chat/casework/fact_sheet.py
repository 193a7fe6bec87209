"""Saves the fact sheet (« Fiche des faits »). A page with an older version cannot save over a newer one."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from chat.casework.lock import lock_assigned
from chat.models import Conversation
from chat.models.casework import FactSheet
from common import clock
from common.encryption import UnsealError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Facts:
    """These are the contents of a sheet.

    present, absent: elements answered with yes and with no. notes: a text for each of FactSheet.NOTES; None when they
    cannot be decrypted, and when a page that could not show them sends none.
    """

    present: Sequence[str] = ()
    absent: Sequence[str] = ()
    evidence: Sequence[str] = ()
    notes: Mapping[str, str] | None = field(default_factory=dict, repr=False)


class Older(Exception):
    """Another page has saved a newer version meanwhile, so nothing was saved."""


def sheet_of(conversation: Conversation) -> FactSheet | None:
    """Return the sheet of a conversation; None before the first save. The caller has proven access."""
    sheet = FactSheet.objects.filter(conversation=conversation).first()
    if sheet is not None:
        sheet.conversation = conversation
    return sheet


def facts_of(sheet: FactSheet | None) -> Facts:
    """Return the decrypted contents of a sheet; empty contents for None."""
    if sheet is None:
        return Facts()
    notes: Mapping[str, str] | None = None
    try:
        notes = sheet.words
    except UnsealError:
        logger.error("fact sheet cannot be opened %s", sheet.conversation.public_id)
    return Facts(sheet.present, sheet.absent, sheet.evidence, notes)


def _is_same(stored: Facts, sent: Facts) -> bool:
    return (sent.notes is None or stored.notes == sent.notes) and all(
        sorted(before) == sorted(after)
        for before, after in (
            (stored.present, sent.present),
            (stored.absent, sent.absent),
            (stored.evidence, sent.evidence),
        )
    )


@transaction.atomic
def save_sheet(*, conversation_id: int, version: int, facts: Facts, by: AbstractBaseUser) -> FactSheet:
    """Save a sheet that was filled on a page showing `version` (0 before the first save), and return it.

    The same facts again change nothing, whatever the version. Notes of None leave the stored ones as they are. It is
    possible after the conversation has ended too, for a page that is still open. Raises Older when `version` is not the
    last one, and NotYours when another agent has the conversation. Locks the conversation.
    """
    conversation, _agent = lock_assigned(conversation_id, by, must_be_open=False)
    sheet = sheet_of(conversation)
    if sheet is not None and _is_same(facts_of(sheet), facts):
        return sheet  # before the versions: a save whose answer was lost is sent again
    if (sheet.version if sheet else 0) != version:
        raise Older
    notes = facts.notes
    if sheet is None:
        sheet, notes = FactSheet(conversation=conversation, version=0), notes or {}
    sheet.version += 1
    sheet.present, sheet.absent = list(facts.present), list(facts.absent)
    sheet.evidence = list(facts.evidence)
    if notes is not None:
        sheet.seal({name: notes.get(name, "") for name in FactSheet.NOTES})
    sheet.saved_at, sheet.saved_by_id = clock.now(), by.pk
    sheet.save()
    return sheet
