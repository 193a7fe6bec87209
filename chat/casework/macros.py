"""Macros: several acts that one press runs together or not at all. What a macro does is shown before it runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from chat.casework import emergencies, holds, proposals
from chat.casework.lock import lock_assigned
from chat.messages.transcript import Said
from chat.models import Macro
from chat.models.casework import Proposal, ProposalKind
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author
from chat.rules.reply_template import Reply
from common import plain_text
from common.choices import label_of
from reports.models import Report

# Most macros that are offered in one conversation.
OFFERED_AT_MOST = 30


class NoSuchMacro(Exception):
    """The macro was deactivated or deleted since the page was made."""


@dataclass(frozen=True, slots=True)
class Offer:
    """It is a macro as an agent sees it.

    does: what it does, in words. reply: what it puts into the answer; None when it has no reply, or
    one that this agent does not have. proposals: what it proposes to the person (`proposals_in_words`), by kind.
    """

    macro: Macro
    does: str
    reply: Reply | None
    proposals: list[str]


@dataclass(frozen=True, slots=True)
class Following:
    """It is a proposal that is made once the answer being written is sent.

    act: its kind. words: what Pnav does then.
    """

    act: str
    words: str


def read_offers(replies: Sequence[Reply], report: Report) -> list[Offer]:
    """Return the macros that are offered in a conversation. One query.

    replies: the filled replies of this conversation. report: that of its person, for their role and their unit.
    """
    by_key = {reply.key: reply for reply in replies}
    rows = Macro.objects.filter(is_active=True).select_related("reply")[:OFFERED_AT_MOST]
    return [_offer(row, by_key.get(str(row.reply.public_id)) if row.reply else None, report) for row in rows]


def _offer(macro: Macro, reply: Reply | None, report: Report) -> Offer:
    kinds = [ProposalKind.COMPLAINT.value] * macro.proposes_complaint + [
        ProposalKind.REMOVAL.value
    ] * macro.proposes_removal
    return Offer(macro, _in_words(macro, reply, kinds, report), reply, kinds)


def _in_words(macro: Macro, reply: Reply | None, kinds: Sequence[str], report: Report) -> str:
    """Say in one sentence what the macro does; what is to be known of it besides is a sentence of its own.

    What follows an answer stands last, because it waits until the agent has sent that answer.
    """
    acts, more = [], []
    if macro.situation:
        acts.append(_("ouvre la procédure d'urgence « %(what)s »") % {"what": label_of(Situation, macro.situation)})
    if macro.minutes:
        acts.append(_("promet de revenir dans %(n)d minutes") % {"n": macro.minutes})
    if reply is not None:
        acts.append(_("met le texte « %(title)s » dans la réponse sans l'envoyer") % {"title": reply.label})
        if macro.minutes:
            more.append(_("L'envoyer dans les deux minutes laisse courir la promesse."))
    following = _listed([one.words for one in proposals_in_words(kinds, report)])
    said = ", ".join(acts) if following else _listed(acts)
    if following:
        when = _("une fois la réponse envoyée") if reply is not None else _("après la réponse commencée")
        words = {"acts": said, "when": when, "following": following}
        said = (_("%(acts)s et, %(when)s, %(following)s") if said else _("%(when)s, %(following)s")) % words
    if reply is None and ProposalKind.COMPLAINT in kinds and _is_to_verify(report):
        more.append(_("Sans réponse commencée, il ouvre la proposition à relire, et n'envoie rien."))
    # Its one act may be a reply that this agent does not have.
    said = said or _("ne fait rien dans cet échange")
    return " ".join([f"{said[:1].upper()}{said[1:]}.", *more])


def _listed(acts: Sequence[str]) -> str:
    """Return these acts as a sentence lists them, the last one after « et »."""
    if len(acts) < 2:
        return "".join(acts)
    return _("%(acts)s et %(last)s") % {"acts": ", ".join(acts[:-1]), "last": acts[-1]}


def _is_to_verify(report: Report) -> bool:
    """Return whether a complaint would name a unit that the agent has to check with the person first."""
    return report.reception_point is not None and report.is_nearest


def _complaint_in_words(report: Report) -> str:
    """Say what a complaint tells the person: the act, the unit by its name, and whether that unit is to be checked."""
    act, unit = proposals.complaint_words(report.role).does, report.reception_point
    if unit is None:
        return str(act)
    said = _("%(act)s (« %(unit)s », adresse et horaires)")
    if report.is_nearest:  # before the name, which the line may cut
        said = _("%(act)s (unité à vérifier : « %(unit)s », adresse et horaires)")
    return said % {"act": act, "unit": plain_text.plain(unit.name)}


def proposals_in_words(kinds: Sequence[str], report: Report) -> list[Following]:
    """Return the proposals that may follow an answer, of these kinds, once each; any other kind is left out.

    report: that of the person, for their role and their unit.
    """
    words = {
        ProposalKind.COMPLAINT.value: _complaint_in_words(report),
        ProposalKind.REMOVAL.value: _("propose de faire retirer un contenu"),
    }
    return [Following(kind, said) for kind, said in words.items() if kind in kinds]


def was_sent(reply: Reply, thread: Sequence[Said]) -> datetime | None:
    """Return when an agent last sent this reply, unchanged, in the messages that were read; None: not in these."""
    text = " ".join(reply.text.split())
    sent = (
        one.sent_at for one in reversed(thread) if one.author == Author.AGENT and text in " ".join(one.body.split())
    )
    return next(sent, None)


@transaction.atomic
def propose(kinds: Sequence[str], *, conversation_id: int, by: AbstractBaseUser, after: int | None = None) -> None:
    """Make these proposals to the person, all or none. kinds: see `proposals_in_words`.

    after: the number of the answer that they follow. A kind that was proposed after it is not proposed again: the form
    may be sent twice, and a script may not have heard that it is done. Raises NotYours, ConversationClosed.
    """
    if after is not None:
        conversation, _agent = lock_assigned(conversation_id, by)  # of two at once, the second sees what the first made
        later = conversation.messages.filter(seq__gt=after).values("client_id")
        made = set(
            Proposal.objects.filter(conversation=conversation, asked_id__in=later).values_list("kind", flat=True)
        )
        kinds = [kind for kind in kinds if kind not in made]
    if ProposalKind.COMPLAINT in kinds:
        proposals.propose_complaint(conversation_id=conversation_id, by=by)
    if ProposalKind.REMOVAL in kinds:
        proposals.propose_removal(conversation_id=conversation_id, by=by)


def find_offer(replies: Sequence[Reply], report: Report, key: str) -> Offer:
    """Return the macro with this key (its public id), which was pressed. Raises NoSuchMacro."""
    for offer in read_offers(replies, report):
        if str(offer.macro.public_id) == key:
            return offer
    raise NoSuchMacro


@transaction.atomic
def run_macro(offer: Offer, *, conversation_id: int, by: AbstractBaseUser, report: Report, has_answer: bool) -> bool:
    """Do everything that the macro does, except its reply, in one transaction: all of its acts or none.

    report: that of the person. has_answer: something is written in the answer. Its proposals then wait until it is
    sent, because the person would read them before the words that prepare them.

    Return whether a complaint was not proposed, because the unit that it names is to be checked first: the press that
    would send its address is then that of the proposal, where it can be read.

    Raises NotYours, ConversationClosed; ValidationError for a promise of a length that is no longer allowed or beyond
    `holds.HOLDS_AT_MOST`, and when a procedure for another situation is open.
    """
    macro = offer.macro
    if macro.situation:
        try:
            emergencies.start(conversation_id=conversation_id, situation=macro.situation, by=by)
        except emergencies.AnotherOpen as error:
            raise ValidationError(
                _("Rien n'a été fait : une autre procédure d'urgence est ouverte. Terminez-la d'abord.")
            ) from error
    is_left = not has_answer and ProposalKind.COMPLAINT in offer.proposals and _is_to_verify(report)
    if not has_answer:
        kinds = [kind for kind in offer.proposals if not (is_left and kind == ProposalKind.COMPLAINT)]
        propose(kinds, conversation_id=conversation_id, by=by)
    if macro.minutes:
        if macro.minutes not in holds.hold_minutes():
            raise ValidationError(_("La durée de la promesse n'est plus permise : prévenez l'administrateur."))
        try:
            holds.promise_return(
                conversation_id=conversation_id, minutes=macro.minutes, by=by, spares_reply=offer.reply is not None
            )
        except holds.TooManyHolds as error:
            raise ValidationError(
                _("Rien n'a été fait : cet échange a déjà trop de promesses. Écrivez à la personne.")
            ) from error
    return is_left
