"""The visitor's way back: ask for a code de reprise, and use it on any device. Works without a script."""

import time

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

import reports.session
from chat import access, resume
from chat.forms import CodeForm
from chat.views import json_answer, manner_of

# A code holds 60 bits: this limit keeps the load of guessing away, not its success. There is none for everybody
# together: anybody could use it up, and nobody could come back any more.
RESUME_TRIES, RESUME_PAUSE_SECONDS = 8, 10 * 60  # a visit

_TRIES_KEY = "chat.resume"
_CODE_KEY = "chat.code"


@require_http_methods(["GET", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Make a code de reprise, and show it once.

    A POST that asks for JSON (the script, which stays on its page) is answered with the code at once. Without a script
    it waits, sealed, in the session for the page that follows: that page, loaded again, does not make another one.
    """
    current = access.as_reporter(request.session)
    wants_json = "application/json" in request.headers.get("Accept", "")
    if current is None:
        return json_answer({"error": "no_session"}, status=401) if wants_json else redirect("chat:resume")
    if request.method == "POST":
        issued = resume.issue_code(conversation_id=current.pk)
        if wants_json:
            return json_answer({"code": issued})
        request.session[_CODE_KEY] = issued
        return redirect("chat:code")
    return render(
        request, "chat/code.html", {**manner_of(request, current), "code": request.session.pop(_CODE_KEY, "")}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def come_back(request: HttpRequest) -> HttpResponse:
    """Come back from any device with a code de reprise."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        found = None
        if not resume.is_code(form.cleaned_data["code"]) or _may_try(request):
            found = resume.find_by_code(form.cleaned_data["code"])
            if found is None:
                if resume.is_code(form.cleaned_data["code"]):
                    _count_try(request)
                form.add_error(
                    "code",
                    _(
                        "Ce code ne correspond à aucun échange. Vérifiez chaque caractère. "
                        "Si un autre code a été créé depuis, seul le dernier fonctionne."
                    ),
                )
        else:
            form.add_error("code", _("Trop d'essais pour le moment. Attendez dix minutes, puis réessayez."))
        if found is not None:
            request.session.pop(_TRIES_KEY, None)
            # Whoever knew the key of this visit knows nothing more. A double click sends the code again, which works.
            request.session.cycle_key()
            conversation = resume.resume_conversation(conversation_id=found.pk)
            reports.session.remember(request, conversation.report)
            return redirect("chat:conversation")
    error = next(iter(form.errors.get("code", [])), "")
    typed = form.data.get("code", "")
    context = {"error": error, "typed": typed, "has_conversation": access.as_reporter(request.session) is not None}
    return render(request, "chat/resume.html", context)


def _may_try(request: HttpRequest) -> bool:
    tries = [at for at in request.session.get(_TRIES_KEY, []) if at > time.time() - RESUME_PAUSE_SECONDS]
    return len(tries) < RESUME_TRIES


def _count_try(request: HttpRequest) -> None:
    tries = [at for at in request.session.get(_TRIES_KEY, []) if at > time.time() - RESUME_PAUSE_SECONDS]
    request.session[_TRIES_KEY] = [*tries, time.time()]
