"""This module gives an exchange that goes on the place that its person chose since the report was filed."""

import logging

from django.db import transaction

from chat import pubsub
from chat.conversations.actions import ConversationClosed
from chat.messages import writing
from chat.models import Conversation
from chat.rules.lifecycle import Status
from chat.texts import thread as thread_texts
from common import clock
from locations.session import Choice
from reports import actions as report_actions

logger = logging.getLogger(__name__)


@transaction.atomic
def give_place(*, conversation_id: int, choice: Choice) -> bool:
    """Give an exchange this place, say so in its thread, and notify after commit. Return whether the place changed.

    Whoever answers goes on. A person who waits is matched to the force of the new place, unless the exchange was passed
    to another force on purpose. The line names no place, because somebody may see the screen. Locks the conversation,
    then the report. Raises ConversationClosed.
    """
    rows = Conversation.objects.select_for_update(of=("self",)).select_related("report")
    conversation = rows.get(pk=conversation_id)
    if conversation.status == Status.CLOSED:
        raise ConversationClosed
    was_passed_on = conversation.force != conversation.report.force
    if not report_actions.change_place(report_id=conversation.report_id, choice=choice):
        return False
    if not was_passed_on:
        conversation.force = choice.force or ""
        conversation.save(update_fields=["force"])
    writing.say_line(conversation, thread_texts.PLACE_GIVEN, now=clock.now())
    pubsub.message_posted(conversation.public_id, conversation.last_seq)
    pubsub.state_changed(conversation.public_id)
    logger.info("place given %s", conversation.public_id)
    return True
