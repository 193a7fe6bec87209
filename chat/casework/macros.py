"""Macros: several acts that one press runs together or not at all. What a macro does is shown before it runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from chat.casework import emergencies, holds, proposals
from chat.models import Macro
from chat.rules.emergency import Situation
from chat.rules.reply_template import Reply
from common.choices import label_of

# Most macros that are offered in one conversation.
OFFERED_AT_MOST = 30


class NoSuchMacro(Exception):
    """The macro was deactivated or deleted since the page was made."""


@dataclass(frozen=True, slots=True)
class Offer:
    """It is a macro as an agent sees it.

    acts: what it does, in words and in that order. reply: what it puts into the answer; None when it has no reply, or
    one that this agent does not have.
    """

    macro: Macro
    acts: list[str]
    reply: Reply | None


def read_offers(replies: Sequence[Reply], role: str) -> list[Offer]:
    """Return the macros that are offered in a conversation. One query.

    replies: the filled replies of this conversation. role: the role of its person.
    """
    by_key = {reply.key: reply for reply in replies}
    rows = Macro.objects.filter(is_active=True).select_related("reply")[:OFFERED_AT_MOST]
    return [_offer(row, by_key.get(str(row.reply.public_id)) if row.reply else None, role) for row in rows]


def _offer(macro: Macro, reply: Reply | None, role: str) -> Offer:
    acts = []
    if macro.situation:
        acts.append(_("ouvre la procédure d'urgence : %(what)s") % {"what": label_of(Situation, macro.situation)})
    if macro.proposes_complaint:
        acts.append(_("%(act)s : la personne le lit aussitôt") % {"act": proposals.complaint_words(role).does})
    if macro.proposes_removal:
        acts.append(_("propose de faire retirer un contenu : la personne le lit aussitôt"))
    if macro.minutes:
        acts.append(_("promet de revenir dans %(n)d minutes") % {"n": macro.minutes})
    if reply is not None:
        said = _("met dans la réponse, sans l'envoyer : « %(title)s »")
        if macro.minutes:
            said = _(
                "met dans la réponse, sans l'envoyer : « %(title)s » "
                "(l'envoyer dans les deux minutes laisse courir la promesse)"
            )
        acts.append(said % {"title": reply.label})
    return Offer(macro, acts, reply)


def find_offer(replies: Sequence[Reply], role: str, key: str) -> Offer:
    """Return the macro with this key (its public id), which was pressed. Raises NoSuchMacro."""
    for offer in read_offers(replies, role):
        if str(offer.macro.public_id) == key:
            return offer
    raise NoSuchMacro


@transaction.atomic
def run_macro(offer: Offer, *, conversation_id: int, by: AbstractBaseUser) -> None:
    """Do everything that the macro does, except its reply, in one transaction: all of its acts or none.

    Raises NotYours, ConversationClosed, TooManyHolds; ValidationError for a promise of a length that is no longer
    allowed.
    """
    macro = offer.macro
    if macro.situation:
        emergencies.start(conversation_id=conversation_id, situation=macro.situation, by=by)
    if macro.proposes_complaint:
        proposals.propose_complaint(conversation_id=conversation_id, by=by)
    if macro.proposes_removal:
        proposals.propose_removal(conversation_id=conversation_id, by=by)
    if macro.minutes:
        if macro.minutes not in holds.hold_minutes():
            raise ValidationError(_("La durée de la promesse n'est plus permise : prévenez l'administrateur."))
        holds.promise_return(
            conversation_id=conversation_id, minutes=macro.minutes, by=by, spares_reply=offer.reply is not None
        )
