"""This module takes the place that a person chose in « Point d'accueil » and gives it to their exchange."""

import logging

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

import locations.session
from chat import access
from chat.conversations.actions import ConversationClosed
from chat.referral import place
from chat.visitor.base import manner_of, posts_only, when_away, without_visit
from common import rate_limits
from locations import texts as location_texts

logger = logging.getLogger(__name__)

# How often an exchange may be given another place in this time; each time writes one line in its thread.
PLACES, PLACES_SECONDS = 10, 60 * 60


@posts_only(back="locations:chosen")
@when_away
def give_place(request: HttpRequest) -> HttpResponse:
    """Give the exchange of this visit the place of this visit. `shown` is the place that the page showed.

    If another one was chosen meanwhile in another tab, that one is shown first. At most PLACES in PLACES_SECONDS for an
    exchange.
    """
    current = access.as_reporter(request.session)
    if current is None:
        return without_visit(request)
    choice = locations.session.current_choice(request)
    if choice is None or request.POST.get("shown") != choice.key:
        return redirect("locations:chosen")
    if rate_limits.is_over(f"place:{current.public_id}", limit=PLACES, seconds=PLACES_SECONDS):
        messages.error(request, location_texts.GIVEN_TOO_OFTEN.say(familiar=manner_of(request, current)["familiar"]))
        return redirect("locations:chosen")
    try:
        place.give_place(conversation_id=current.pk, choice=choice)
    except ConversationClosed:  # the page of the exchange says that it is over
        logger.info("no place was given: the exchange is over %s", current.public_id)
    return redirect("chat:conversation")
