"""« Voici ce que je transmettrais à mon collègue »: the person reads, corrects or refuses a summary. Without a script.

The session is the only key. The page exists while a summary waits to be read; else it leads back to the exchange.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from chat import access
from chat.models import Conversation
from chat.models.transfer import Handover
from chat.rules.transfer import SUMMARY_MAX, Answer, Part
from chat.texts import forms as form_texts
from chat.transfer import actions as transfer_actions
from chat.visitor.base import manner_of, without_visit
from chat.visitor.forms import SummaryForm
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
        return redirect("chat:conversation")
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
        return redirect("chat:conversation")  # the thread says what happened
    return redirect("chat:conversation")


def _show_another(request: HttpRequest, current: Conversation, asked: Handover) -> HttpResponse:
    """Show the summary that waits now, with no answer chosen. Words that were written for the one before stay in the
    form.
    """
    wrote = request.POST.get("correction", "") if request.POST.get("answer") == Answer.CORRECTED else ""
    form = SummaryForm(initial={"correction": wrote or asked.opened(Part.SUMMARY) or ""})
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
        "max_length": SUMMARY_MAX,
    }


def _to_name(asked: Handover, *, discreet: bool) -> str:
    if asked.to_agent:
        return asked.to_agent.shown_name if discreet else asked.to_agent.interlocutor
    if discreet:
        return form_texts.OTHER_SERVICE_NAME.say()
    return asked.to_unit.name if asked.to_unit else label_of(Force, asked.to_force)
