"""The steps of a transfer that tests need."""

from chat.rules.lifecycle import Author
from chat.rules.transfer import Answer, Reason, Target
from chat.transfer import actions as transfer_actions

SUMMARY = "Harcèlement par un ancien camarade, depuis la rentrée."


def lines(conversation) -> list[str]:
    return [message.body for message in conversation.messages.filter(author=Author.SYSTEM)]


def cold(conversation, by, reason=Reason.COMPETENCE, **target):
    return transfer_actions.transfer_cold(
        conversation_id=conversation.pk, by=by, target=Target(**target), reason=reason, note="Une note."
    )


def propose(conversation, by, reason=Reason.END_OF_DUTY, **target):
    return transfer_actions.propose_handover(
        conversation_id=conversation.pk, by=by, target=Target(**target), reason=reason, summary=SUMMARY
    )


def answer(one, answer=Answer.AGREED, correction=""):
    transfer_actions.answer_summary(
        handover_id=one.pk, conversation_id=one.conversation_id, answer=answer, correction=correction
    )


def accept(one, by):
    transfer_actions.accept_handover(handover_id=one.pk, conversation_id=one.conversation_id, by=by)


def kinds(conversation) -> list[str]:
    return list(conversation.events.values_list("kind", flat=True))
