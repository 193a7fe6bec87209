"""« Voici ce que je transmettrais à mon collègue »: the person reads, corrects or refuses a summary. Without a script.

The session is the only key. The page exists while a summary waits to be read; else it leads back to the exchange. A
version that comes too late is given back.
"""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from chat import access
from chat.messages import protocol
from chat.messages.forms import MessageForm
from chat.models import Conversation
from chat.models.transfer import Handover
from chat.rules.transfer import SUMMARY_MAX, Answer, Part
from chat.texts import forms as form_texts
from chat.transfer import actions as transfer_actions
from chat.transfer import queries as transfer_queries
from chat.visitor.base import manner_of, without_visit
from chat.visitor.forms import SummaryForm
from common import dates
from common.choices import label_of
from locations.models import Force


@require_http_methods(["GET", "HEAD", "POST"])
def summary(request: HttpRequest) -> HttpResponse:
    """Show the summary and three answers, and take the answer."""
    current = access.as_reporter(request.session)
    if current is None:
        return without_visit(request)
    asked = access.summary_for(current, timezone.now())
    if asked is None:
        return _give_back(request, current)
    if request.method != "POST":
        return _show(request, current, asked, SummaryForm(initial={"correction": asked.opened(Part.SUMMARY) or ""}))
    form = SummaryForm(request.POST)
    # The form is of an old page, and nobody agrees to what they have not read.
    if request.POST.get("summary") != str(asked.public_id):
        return _show_another(request, current, asked)
    if not form.is_valid():
        return _show(request, current, asked, form)
    if form.cleaned_data["answer"] == Answer.AGREED and not asked.opened(Part.SUMMARY):
        return _show(request, current, asked, form, status=409)  # the page says why
    try:
        transfer_actions.answer_summary(handover_id=asked.pk, conversation_id=current.pk, **form.cleaned_data)
    except transfer_actions.Over:
        return _give_back(request, current)
    return redirect("chat:conversation")


def _own_words(request: HttpRequest) -> str:
    """Return the version that this form sends in the place of the summary; "" for any other answer, and for a GET.

    The field has the agent's words before anybody corrects them, so its content alone is no answer.
    """
    return request.POST.get("correction", "").strip() if request.POST.get("answer") == Answer.CORRECTED else ""


def _give_back(request: HttpRequest, current: Conversation) -> HttpResponse:
    """Answer when no summary waits. The thread says what happened; a version that was not taken is given back.

    The same form may come twice, and its version was taken the first time.
    """
    words = _own_words(request)
    if not words or transfer_queries.is_taken(current, request.POST.get("summary", ""), words):
        return redirect("chat:conversation")
    return render(
        request, "chat/handover_over.html", over_page(current, manner_of(request, current), words), status=409
    )


def over_page(conversation: Conversation, manner: dict[str, Any], words: str) -> dict[str, Any]:
    """Return what the page of a version shows that came too late. words: that version, which can be sent as a message
    unless the exchange is over."""
    return {
        **manner,
        "status": conversation.status,
        "is_over": not conversation.is_open,
        "form": MessageForm(initial={"body": words}),
        "words": words,
        "client_id": uuid.uuid4(),
        "max_length": protocol.MAX_BODY,
    }


def _show_another(request: HttpRequest, current: Conversation, asked: Handover) -> HttpResponse:
    """Show the summary that waits now, with no answer chosen. Words that were written for the one before stay in the
    form.
    """
    form = SummaryForm(initial={"correction": _own_words(request) or asked.opened(Part.SUMMARY) or ""})
    error = form_texts.SUMMARY_ANOTHER.say()
    return _show(request, current, asked, form, error=error, status=409)


def _show(
    request: HttpRequest,
    current: Conversation,
    asked: Handover,
    form: SummaryForm,
    *,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    context = summary_page(
        current, manner_of(request, current), asked, form, summary=asked.opened(Part.SUMMARY) or "", error=error
    )
    return render(request, "chat/handover.html", context, status=status)


def summary_page(
    conversation: Conversation,
    manner: dict[str, Any],
    asked: Handover,
    form: SummaryForm,
    *,
    summary: str,
    error: str = "",
) -> dict[str, Any]:
    """Return what the page of a summary shows. asked: with its agents and unit.

    summary: its words, opened; empty while no key opens them, and then it cannot be agreed to as it is.
    """
    discreet = manner["discreet"]
    return {
        **manner,
        "status": conversation.status,
        "form": form,
        "asked": asked.public_id,
        "error": error,
        "summary": summary,
        "from_name": asked.from_agent.shown_name if discreet else asked.from_agent.interlocutor,
        "to_name": _to_name(asked, discreet=discreet),
        "until": dates.format_date(timezone.localtime(asked.until), "H:i") if asked.until else "",
        "max_length": SUMMARY_MAX,
    }


def _to_name(asked: Handover, *, discreet: bool) -> str:
    if asked.to_agent:
        return asked.to_agent.shown_name if discreet else asked.to_agent.interlocutor
    if discreet:
        return form_texts.OTHER_SERVICE_NAME.say()
    return asked.to_unit.name if asked.to_unit else label_of(Force, asked.to_force)
