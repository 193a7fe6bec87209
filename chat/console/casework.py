"""These are the views of casework: fact sheet, proposals, emergency, macros, search over own exchanges, documents.

Each view obtains its conversation as the assigned agent. Another agent's conversation and an unknown one both give 404.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.defaultfilters import date as format_date
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from chat import access
from chat.captures import queries as capture_queries
from chat.casework import emergencies, fact_sheet, handles, macros, person_summary, proposals, replies, word_search
from chat.casework.forms import (
    AppointmentForm,
    FactSheetForm,
    FollowedForm,
    OwnSearchForm,
    PaperForm,
    PartnerForm,
    QuestionForm,
    SaidForm,
    SituationForm,
    StepForm,
    WordSearchForm,
)
from chat.console import casework_panels, inbox
from chat.console.base import FOLLOWING, conversation_or_404, for_agents, screen
from chat.conversations import actions
from chat.documents import transcript_pdf
from chat.messages import transcript
from chat.models import Agent, Conversation, ConversationQuerySet, Message
from chat.models.casework import ProposalKind
from chat.personal_copy import agent_archive, archive, receipts_page
from chat.rules.emergency import Step
from chat.rules.lifecycle import Author
from common import rate_limits
from common.data_keys import keys
from common.kept_messages import tell_of
from common.offload import background_jobs, pool
from common.sealed_files.answer import PieceByPiece
from reports.audit import log as audit_log
from reports.audit import recorded_pages
from reports.models import AccessKind, Motive
from reports.rules.offence_elements import Element

FOUND_AT_MOST = 100
PAPERS, PAPERS_SECONDS = 10, 60


def _back(current: Conversation, anchor: str) -> HttpResponse:
    return redirect(reverse("console:conversation", args=[current.public_id]) + f"#{anchor}-{current.public_id}")


# --- the sheet ------------------------------------------------------------------------------------------------------


def _back_to_sheet(current: Conversation, pressed: str) -> HttpResponse:
    """Redirect to the pressed element in the open sheet; otherwise to the sheet's title."""
    if pressed not in Element.values:
        return _back(current, "fiche")
    page = reverse("console:conversation", args=[current.public_id])
    return redirect(f"{page}?fiche=1#fait-{pressed}-{current.public_id}")


@require_POST
@for_agents
def sheet(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Save the fact sheet, with the pressed answer.

    With `autosave`, which the script sends, the response is only the parts that depend on the sheet. Without a script
    the page shows the sheet where it was pressed. What was typed on an older version is shown again beside what is
    stored. If it is sent again, it is saved, because the agent has seen both.
    """
    current = conversation_or_404(agent, public_id)
    form, is_older = FactSheetForm.sent(request.POST), False
    if form.is_valid():
        try:
            fact_sheet.save_sheet(
                conversation_id=current.pk, version=form.cleaned_data["version"], facts=form.facts(), by=agent.user
            )
        except actions.NotYours as error:
            raise Http404 from error
        except fact_sheet.Older:
            is_older = True
        else:
            if "autosave" not in request.POST:
                return _back_to_sheet(current, request.POST.get(FactSheetForm.PRESSED, "").partition(":")[0])
    is_kept = form.is_valid() and not is_older
    panel = casework_panels.sheet_panel(current, None if is_kept else form, is_older=is_older)
    if "autosave" in request.POST:
        context = {"sheet": panel, "conversation": current, **casework_panels.after_autosave(current, panel)}
        return render(request, "console/sheet_state.html", context)
    return screen(request, agent, current, sheet=panel)


# --- proposals ------------------------------------------------------------------------------------------------------


@require_POST
@for_agents
def propose(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Propose something to the person, or note their answer.

    `act` is question, partner, complaint, appointment or removal, or « said » for an answer. `client_id`, with a
    complaint or a removal, is the name of the answer that it follows (`macros.propose`).
    """
    current = conversation_or_404(agent, public_id)
    acts = {
        "question": _question,
        "partner": _partner,
        "complaint": _complaint,
        "appointment": _appointment,
        "removal": _removal,
        "said": _said,
    }
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        messages.error(request, _("Rien n'a été proposé. Choisissez une proposition."))
        return _back(current, "propositions")
    try:
        in_error = act(request, agent, current)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.ConversationClosed:
        current.refresh_from_db()
        in_error = {"problems": [_("L'échange est terminé : rien n'a été proposé.")]}
    return screen(request, agent, current, **in_error) if in_error else _back(current, "propositions")


def _question(request: HttpRequest, agent: Agent, current: Conversation) -> dict[str, Any]:
    form = QuestionForm(request.POST)
    if not form.is_valid():
        return {"ready": form}
    data = form.cleaned_data
    proposals.ask_question(conversation_id=current.pk, text=data["question"], answers=data["answers"], by=agent.user)
    return {}


def _partner(request: HttpRequest, agent: Agent, current: Conversation) -> dict[str, Any]:
    form = PartnerForm(request.POST)
    if not form.is_valid():
        return {"problems": [str(error) for error in form.errors["partner"]]}
    try:
        proposals.propose_partner(conversation_id=current.pk, partner_id=form.cleaned_data["partner"], by=agent.user)
    except proposals.NoSuchPartner:
        return {"problems": [_("Ce partenaire n'est plus dans la liste. Choisissez-en un autre.")]}
    return {}


def _complaint(request: HttpRequest, agent: Agent, current: Conversation) -> dict[str, Any]:
    return _follow(request, agent, current, ProposalKind.COMPLAINT)


def _removal(request: HttpRequest, agent: Agent, current: Conversation) -> dict[str, Any]:
    return _follow(request, agent, current, ProposalKind.REMOVAL)


def _follow(request: HttpRequest, agent: Agent, current: Conversation, kind: str) -> dict[str, Any]:
    form = FollowedForm(request.POST)
    named = form.cleaned_data["client_id"] if form.is_valid() else None
    answers = current.messages.filter(client_id=named, author=Author.AGENT) if named else Message.objects.none()
    after = answers.values_list("seq", flat=True).first()
    macros.propose([kind], conversation_id=current.pk, by=agent.user, after=after)
    return {}


def _appointment(request: HttpRequest, agent: Agent, current: Conversation) -> dict[str, Any]:
    form = AppointmentForm(request.POST, unit=current.report.reception_point)
    if not form.is_valid():
        return {"appointment": form}
    try:
        proposals.propose_appointment(
            conversation_id=current.pk, meets_at=form.cleaned_data["meets_at"], by=agent.user, agreed_with=form.unit
        )
    except (proposals.NoUnit, proposals.UnitChanged):  # between the check and the lock
        current.report.refresh_from_db()
        form.refuse_changed_unit()
        return {"appointment": form}
    return {}


def _said(request: HttpRequest, agent: Agent, current: Conversation) -> dict[str, Any]:
    form = SaidForm(request.POST)
    if not form.is_valid():
        return {"problems": [_("La réponse n'a pas été notée. Choisissez « oui », « non » ou « pas de réponse ».")]}
    proposals.record_said(
        conversation_id=current.pk, asked_id=form.cleaned_data["asked"], said=form.cleaned_data["said"], by=agent.user
    )
    return {}


# --- emergency ------------------------------------------------------------------------------------------------------


@require_POST
@for_agents
def emergency(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Open the emergency procedure (`situation`), tick steps (any number of `step`), or end it (`end`).

    What was not done is said in the part of the page that the script takes from the answer.
    """
    current = conversation_or_404(agent, public_id)
    try:
        if "end" in request.POST:
            emergencies.finish(conversation_id=current.pk, by=agent.user)
            _tell(request, agent, current, _("procédure d'urgence terminée."))
        elif "step" in request.POST:
            steps = request.POST.getlist("step")[: len(Step)]
            if not all(StepForm({"step": step}).is_valid() for step in steps):
                raise emergencies.NoEmergency
            for step in steps:
                emergencies.tick_step(conversation_id=current.pk, step=step, by=agent.user)
            _tell(request, agent, current, _next_step(current))
        else:
            form = SituationForm(request.POST)
            if not form.is_valid():
                return screen(request, agent, current, procedure_problem=str(form.errors["situation"][0]))
            emergencies.start(conversation_id=current.pk, situation=form.cleaned_data["situation"], by=agent.user)
            # The part that gets the focus is named so too, but Firefox leaves it unsaid: its button has just gone.
            _tell(request, agent, current, _("procédure d'urgence ouverte."))
    except actions.NotYours as error:
        raise Http404 from error
    except actions.ConversationClosed:
        current.refresh_from_db()
        problem = _("L'échange est terminé : la procédure n'a pas été ouverte.")
        return screen(request, agent, current, procedure_problem=problem)
    except emergencies.AnotherOpen:
        problem = _("Une autre procédure est ouverte, la voici : terminez-la d'abord.")
        return screen(request, agent, current, procedure_problem=problem)
    except emergencies.NoEmergency:
        problem = _("Rien n'a changé : cette procédure est déjà terminée.")
        return screen(request, agent, current, procedure_problem=problem)
    return _back(current, "procedure")


def _tell(request: HttpRequest, agent: Agent, conversation: Conversation, text: str) -> None:
    """Say what was done in this exchange, and with whom: the agent may be with somebody else when the answer comes."""
    handle = handles.handle_of(agent, conversation)
    tell_of(request, conversation.public_id, f"{handle} : {text}" if handle else text[:1].upper() + text[1:])


def _next_step(conversation: Conversation) -> str:
    """Return the next step of the list, for screen readers."""
    emergency = emergencies.open_one(conversation)
    undone = [one for one in emergencies.checklist(emergency) if one.at is None] if emergency is not None else []
    if not undone:
        return _("c'est noté. Tout est fait : « Terminer la procédure ».")
    return _("c'est noté. Ensuite : %(step)s.") % {"step": undone[0].line.step.label}


@require_POST
@for_agents
def macro(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponse:
    """Perform the acts of a macro, and put its reply after what is being written. Its reply is not sent.

    What it proposes follows the answer, if there is any (`macros.run_macro`). A complaint that names a unit to be
    checked is not proposed without one: its own form is opened instead. A reply that was sent in this exchange,
    or that stands in the answer, is not put there again.
    """
    current = conversation_or_404(agent, public_id)
    draft, following = request.POST.get("body", ""), request.POST.getlist(FOLLOWING)
    ready = replies.of_conversation(agent, person_summary.read_person_summary(current, timezone.now()))
    problem, insert, is_complaint_left = "", "", False
    try:
        offer = macros.find_offer(ready, current.report, request.POST.get("macro", ""))
        if offer.reply is not None and offer.reply.text not in draft.replace("\r\n", "\n"):
            sent_at = macros.was_sent(offer.reply, transcript.read_messages(current))
            insert = "" if sent_at else offer.reply.key
            if sent_at:
                said = _("« %(title)s » est déjà partie à %(time)s : elle n'est pas remise dans la réponse.")
                time = format_date(timezone.localtime(sent_at), "H:i")
                messages.info(request, said % {"title": offer.reply.label, "time": time})
        has_answer = bool(draft.strip() or insert)
        is_complaint_left = macros.run_macro(
            offer, conversation_id=current.pk, by=agent.user, report=current.report, has_answer=has_answer
        )
        following += offer.proposals if has_answer else []
    except macros.NoSuchMacro:
        problem = _("Ce geste n'est plus proposé : rien n'a été fait.")
    except ValidationError as error:
        problem = " ".join(error.messages)
    except actions.NotYours as error:
        raise Http404 from error
    except actions.ConversationClosed:
        problem = _("L'échange est terminé : rien n'a été fait.")
    current.refresh_from_db()
    if problem:
        return screen(request, agent, current, draft=draft, following=following, problems=[problem])
    if is_complaint_left:
        problem = _("Rien n'est envoyé : l'unité est à vérifier. Relisez ce que la personne lira et proposez-le ici.")
        return screen(
            request, agent, current, draft=draft, following=following, problems=[problem], is_complaint_open=True
        )
    return screen(request, agent, current, draft=draft, insert=insert, following=following)


# --- one's own ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def own_search(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Search the agent's own exchanges (« Mes échanges ») by period, facts, outcome and urgency.

    The register records each search. The form is sent by POST, so that no address contains what is searched.
    """
    form = OwnSearchForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"agent": agent, "is_supervisor": agent.user.is_supervisor, "form": form}
    if form.is_valid():
        if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
            return refusal
        with transaction.atomic():
            rows = list(_found(agent, form.cleaned_data)[: FOUND_AT_MOST + 1])
            asked = sorted(name for name, value in form.cleaned_data.items() if value)
            audit_log.record(
                kind=AccessKind.SEARCH,
                by=agent.user,
                motive=Motive.OWN_WORK,
                detail=f"own exchanges: {', '.join(asked) or 'all'}; found {len(rows)}",
            )
        context |= {
            "rows": [inbox.search_result(row) for row in rows[:FOUND_AT_MOST]],
            "is_cut": len(rows) > FOUND_AT_MOST,
            "at_most": FOUND_AT_MOST,
        }
    return render(request, "console/own_search.html", context)


@sensitive_post_parameters("mots")
@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def search_words(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Find words in the messages of the agent's own open exchanges (docs/adr/0131).

    The script of the console reads the same page.

    The words come in the body of a POST, so that no address has them. The register records that this agent searched,
    and not for what.
    """
    form = WordSearchForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"agent": agent, "is_supervisor": agent.user.is_supervisor, "form": form}
    status = 200
    if form.is_valid():
        limit = {"limit": word_search.TRIES, "seconds": word_search.TRIES_SECONDS}
        if rate_limits.is_over(f"word_search:{agent.pk}", **limit):
            form.add_error("mots", _("Trop de recherches en une minute. Attendez un instant, puis recommencez."))
            status = 429
        else:
            context |= _found_words(agent, form.words)
    return render(request, "console/word_search.html", context, status=status)


def _found_words(agent: Agent, words: list[str]) -> dict[str, Any]:
    now = timezone.now()
    entries = {entry.conversation.pk: entry for entry in inbox.open_entries(agent, now)}
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.SEARCH, by=agent.user, motive=Motive.OWN_WORK, detail="words of exchanges that are held"
        )
    result = word_search.search_words([entry.conversation for entry in entries.values()], words)
    rows = [(one, entries[one.conversation.pk]) for one in result.found]
    return {"result": result, "rows": rows, "held": len(entries), "now": now}


@sensitive_post_parameters("number")
@require_http_methods(["GET", "HEAD", "POST"])
@for_agents
def receipt(request: HttpRequest, agent: Agent) -> HttpResponse:
    """Verify a receipt (« Vérifier un récépissé »): whether it exists, and its day, and nothing about anybody.

    Each POST is recorded in the register (`receipts_page.answer_of`).
    """
    context, status = receipts_page.answer_of(request, motive=Motive.OWN_WORK)
    context |= {"agent": agent, "is_supervisor": agent.user.is_supervisor}
    return render(request, "console/receipt.html", context, status=status)


def _found(agent: Agent, asked: dict[str, Any]) -> ConversationQuerySet:
    rows = access.answered_by(agent).select_related("report__municipality", "sheet").order_by("-opened_at", "-pk")
    if asked["number"]:
        rows = access.with_file_number(rows, asked["number"])
    zone = timezone.get_current_timezone()
    if asked["since"]:
        rows = rows.filter(opened_at__gte=datetime.combine(asked["since"], time(), tzinfo=zone))
    if asked["until"]:
        rows = rows.filter(opened_at__lt=datetime.combine(asked["until"] + timedelta(days=1), time(), tzinfo=zone))
    if asked["facts"]:
        rows = rows.filter(sheet__present__contains=asked["facts"])
    if asked["outcome"]:
        rows = rows.filter(outcome=asked["outcome"])
    if asked["urgency"]:
        rows = rows.filter(urgency=int(asked["urgency"]))
    if asked["proposed"]:
        rows = rows.filter(proposals__kind=asked["proposed"]).distinct()
    return rows


@require_POST
@for_agents
def paper(request: HttpRequest, agent: Agent, public_id: uuid.UUID) -> HttpResponseBase:
    """Return the transcript and the file as a PDF, for a reason that the register records.

    This takes one reading of the thread, whose length is bounded, and one child process within the limits of
    `common.offload.pool`. An agent may make one at a time, and PAPERS in PAPERS_SECONDS. An archive takes one child for
    each part, one after another (five for the longest exchange).
    """
    current = conversation_or_404(agent, public_id)
    form = PaperForm(request.POST)
    if not form.is_valid():
        # The field of the motive has its own error beside it; a part has no field there.
        return screen(request, agent, current, paper=form, problems=[str(one) for one in form.errors.get("part", [])])
    if rate_limits.is_over(f"paper:{agent.pk}", limit=PAPERS, seconds=PAPERS_SECONDS):
        return _no_paper(request, agent, current, form, "often", 429)
    try:
        keys.require(current.data_key)
    except keys.KeysAway:  # everything that is sealed would be left out, as if it could never be opened again
        return _no_paper(request, agent, current, form, "keys", 503)
    # They are a part of the job's name, so that a document that names one that is gone is not given. Read before it.
    files = capture_queries.erasable_files(current)
    try:
        parts = casework_panels.parts(casework_panels.document(agent, current, motive=form.reason, now=timezone.now()))
    except pool.NotDone as error:
        return _no_paper(request, agent, current, form, _why_no_paper(error), 503)
    if form.cleaned_data["archive"]:
        return _archive(request, agent, current, form, parts, f"archive:agent:{agent.pk}:{current.public_id}:{files}")
    number = form.cleaned_data["part"] or (1 if len(parts) == 1 else 0)
    if not 1 <= number <= len(parts):
        return _no_paper(request, agent, current, form, "", 200, parts)
    # The document is rendered outside of any transaction, then recorded, then sent, so that no lock is held meanwhile,
    # and nothing is sent without its line in the register. One that is late goes on (`common.offload.background_jobs`).
    document, who = parts[number - 1].stored.document(), f"agent:{agent.pk}"
    try:
        pages = background_jobs.ask(
            f"paper:{who}:{current.public_id}:{form.reason}:{number}:{files}",
            lambda: lambda: transcript_pdf.draw(document, who=who, is_patient=True),
            who=who,
            data_key=current.data_key,
            is_for_staff=True,
        )
    except (background_jobs.NotYet, pool.NotDone) as error:
        return _no_paper(request, agent, current, form, _why_no_paper(error), 503)
    which = f", part {number} of {len(parts)}" if len(parts) > 1 else ""
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.PAPER,
            by=agent.user,
            motive=form.reason,
            subject=str(current.public_id),
            detail=f"pdf: transcript and file{which}",
        )
    name = f"echange-{str(current.public_id)[:8]}{f'-{number}' if which else ''}.pdf"
    return HttpResponse(
        pages,
        content_type="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _archive(
    request: HttpRequest,
    agent: Agent,
    current: Conversation,
    form: PaperForm,
    parts: Sequence[casework_panels.Part],
    job: str,
) -> HttpResponseBase:
    """Return all parts with their JSON, and the page that verifies them, recorded in the register before.

    job: what names it, beside the reason.
    """
    now = timezone.now()
    address = f"{settings.SITE_URL}{reverse('chat:exchange_schema')}" if settings.SITE_URL else ""
    who = f"agent:{agent.pk}"
    begin = partial(
        agent_archive.prepare,
        current,
        [one.stored for one in parts],
        who=who,
        now=now,
        motive=form.reason,
        schema_url=address,
    )
    try:
        prepared = background_jobs.ask(
            f"{job}:{form.reason}", begin, who=who, data_key=current.data_key, is_for_staff=True
        )
        made = agent_archive.give_archive(prepared, name=f"echange-{str(current.public_id)[:8]}.zip")
    except (background_jobs.NotYet, pool.NotDone) as error:
        return _no_paper(request, agent, current, form, _why_no_paper(error), 503)
    except archive.TooLarge:
        return _no_paper(request, agent, current, form, "large", 413, parts)
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.PAPER,
            by=agent.user,
            motive=form.reason,
            subject=str(current.public_id),
            detail=f"archive: transcript and file, sha256 {made.list_digest}",
        )
    return PieceByPiece(made.pieces, length=made.length, name=made.name, kind="application/zip")


def _why_no_paper(error: Exception) -> str:
    return {background_jobs.NotYet: "late", pool.Busy: "busy"}.get(type(error), "failed")


def _no_paper(
    request: HttpRequest,
    agent: Agent,
    current: Conversation,
    form: PaperForm,
    problem: str,
    status: int,
    parts: Sequence[casework_panels.Part] = (),
) -> HttpResponse:
    """Show why there is no document yet, or the list of its parts. problem: often, large, late, busy, keys or
    failed."""
    context = {
        "agent": agent,
        "is_supervisor": agent.user.is_supervisor,
        "conversation": current,
        "form": form,
        "problem": problem,
        "parts": parts,
    }
    response = render(request, "console/transcript_document.html", context, status=status)
    if status in (429, 503):
        response["Retry-After"] = "60" if status == 429 or problem == "keys" else "10"  # what the page says
    return response
