"""This is the page « Mes réponses prêtes », on which an agent makes, changes and deletes their own replies; others get
404."""

import uuid

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from chat import access
from chat.casework import replies
from chat.casework.notes_forms import OwnReplyForm
from chat.console.base import for_agents
from chat.models import Agent, OwnReply
from chat.rules import reply_template


def _page(request: HttpRequest, agent: Agent, form: OwnReplyForm, row: OwnReply | None = None) -> HttpResponse:
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "form": form,
        "changed": row,
        "own": replies.own_replies(agent),
        "variables": reply_template.VARIABLES.items(),
    }
    return render(request, "console/replies.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def index(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Show the agent's own replies, and a form to add one."""
    form = OwnReplyForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            replies.save_own(agent=agent, **form.cleaned_data)
        except replies.TooMany:
            form.add_error("title", _("Vous avez déjà 100 réponses : supprimez-en une d'abord."))
        else:
            messages.success(request, _("Réponse gardée. Elle apparaît dans vos échanges à leur prochaine ouverture."))
            return redirect("console:replies")
    return _page(request, agent, form)


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def change(request: HttpRequest, agent: Agent, reply_id: uuid.UUID) -> HttpResponse:
    """Change a reply; with `supprimer`, delete it."""
    row = access.own_reply(agent, reply_id)
    if row is None:
        raise Http404
    if request.method != "POST":
        own = replies.read(row)
        return _page(request, agent, OwnReplyForm.of(own) if own else OwnReplyForm(), row)
    if "supprimer" in request.POST:
        row.delete()
        messages.success(request, _("Réponse supprimée."))
        return redirect("console:replies")
    form = OwnReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, agent, form, row)
    replies.save_own(agent=agent, row=row, **form.cleaned_data)
    messages.success(request, _("Réponse changée."))
    return redirect("console:replies")
