"""These are the pages of identity disclosure, for those who ask, countersign, agree and bring the answer.

They are the same whether the person has left anything or not. For an account that may not see a request it does not
exist (404). A middleware has already asked for the second factor.
"""

import base64
import csv
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from common import encryption, kept_forms, plain_text
from common.dates import format_date
from common.offload import background_jobs, pool
from reports.audit import log as audit_log
from reports.audit import recorded_pages
from reports.models import AccessKind, OpeningField, OpeningRequest, OpeningStep
from reports.openings import actions as opening_actions
from reports.openings.actions import RegisterLine
from reports.openings.forms import ClaimForm, RefusalForm, RegisterForm, ReplyForm, ReviewForm
from reports.openings.register_pdf import ROWS_AT_MOST, prepare_register
from reports.rules.openings import OPEN, Act, NotAllowed, Part, State
from reports.rules.openings_labels import ACTS, PARTS, STATES
from reports.seal.replies import Recipient

type View = Callable[..., HttpResponse]


def for_one(view: View) -> View:
    """Decorate a view so that it gets the request of the address as `opening`; 404 for an account that may not see it.

    Somebody who asked for it and no longer answers the exchange is told so.
    """

    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
        opening = opening_actions.find_request(request.user, public_id)
        if opening is None:
            if opening_actions.asked_elsewhere(request.user, public_id):
                return render(request, "openings/elsewhere.html", status=404)
            raise Http404
        return view(request, opening)

    return wrapped


def act_on(view: View) -> View:
    """Decorate the view of an act. If the act is refused, redirect to the page, which shows the request's state."""

    @require_POST
    @for_one
    @wraps(view)
    def wrapped(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
        try:
            return view(request, opening)
        except NotAllowed:
            messages.error(request, _("La demande a changé entre-temps : voyez où elle en est."))
        except opening_actions.ReportGone:
            messages.error(request, _("Ce signalement a été supprimé : il ne reste rien à ouvrir."))
        except opening_actions.Altered:
            messages.error(request, _("Cette demande n'est plus celle qui a été accordée. Prévenez l'exploitant."))
        except opening_actions.KeyGone:
            messages.error(
                request,
                _(
                    "Rien n'est fait : la clé de cet échange ne répond pas. Réessayez dans une minute, puis prévenez "
                    "l'exploitant."
                ),
            )
        except opening_actions.OtherReply:
            messages.error(
                request,
                _(
                    "Rien n'est confirmé : la réponse n'est plus celle dont vous avez lu l'empreinte. Comparez celle "
                    "de cette page avec celle que la machine sans réseau a affichée. Si elles diffèrent, refusez."
                ),
            )
        return redirect("openings:detail", opening.public_id)

    return wrapped


# --- reading ----------------------------------------------------------------------------------------------------


INDEX_ROWS = 200  # how many requests the list shows


@require_GET
@login_required
def index(request: HttpRequest) -> HttpResponse:
    """Show the requests that wait for this account, then all that it may see."""
    user: Any = request.user
    if not (user.is_agent or user.is_custodian):
        raise PermissionDenied
    waiting = opening_actions.waiting_for(user)
    now = timezone.now()
    known = {each.pk for each in waiting}
    others = [one for one in opening_actions.list_visible(user, INDEX_ROWS) if one.pk not in known]
    context = {
        "waiting": [_line(one, now) for one in waiting],
        "others": [_line(one, now, steps=list(one.steps.all())) for one in others],
    }
    return render(request, "openings/index.html", context)


def _words(labels: Mapping[Any, Any], stored: str) -> str:
    """Return the label of a stored value; a value of a later version as it is."""
    return str(labels.get(stored, stored))


def _line(opening: OpeningRequest, now: Any, *, steps: Sequence[OpeningStep] | None = None) -> dict[str, Any]:
    """Return one request as a list shows it. steps: its steps, if they were read with it."""
    return {
        "opening": opening,
        "state": _words(STATES, opening.state),
        "is_open": opening.state in OPEN,
        "term": opening_actions.term_of(opening) if opening.state in OPEN else None,
        "is_late": opening.state in OPEN and opening_actions.is_late(opening, now),
        "owes_review": opening_actions.standing_of(opening, steps).owes_review,
    }


@require_GET
@for_one
def detail(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Show one request: its grounds, its state, and what this account may do.

    Reading somebody else's request is recorded in the register. An agent who may take it over sees the kind of value
    and the state, but not the grounds.
    """
    part = opening_actions.part_of(request.user, opening)
    if part is Part.SUCCESSOR:
        return _show_claim(request, opening)
    if part is not Part.ASKER:
        if (refusal := recorded_pages.refuse_if_too_many(request)) is not None:
            return refusal
        opening_actions.record_reading(opening, by=request.user)
    return _show(request, opening)


def _show_claim(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    context = {
        **_line(opening, timezone.now()),
        "is_claimed": opening.claimed_by_id == request.user.pk,
        "may_claim": Act.CLAIM in opening_actions.acts_of(request.user, opening),
        "answers_now": opening_actions.answers_now(request.user, opening),
    }
    return render(request, "openings/claim.html", context)


ENVELOPE_TAKEN = "suite"  # in the address of the page: the envelope was taken, and its form leads to the next step
# The act that each form of the page performs.
ASKS = {"refusal": Act.REFUSE, "reply": Act.ANSWER, "review": Act.REVIEW}


def _show(request: HttpRequest, opening: OpeningRequest, **forms_in_error: forms.Form) -> HttpResponse:
    """Draw the page of a request. Raises NotAllowed for errors in a form that the account is not offered now."""
    acts = opening_actions.acts_of(request.user, opening)
    if any(ASKS[name] not in acts for name in forms_in_error):
        raise NotAllowed
    is_key_gone = False
    try:
        grounds = _shown(opening_actions.grounds_of(opening))
    except encryption.UnsealError:
        grounds, is_key_gone = None, opening_actions.is_key_gone(opening)
    is_asker = opening.holder_id == request.user.pk
    recipient = Recipient(bytes(opening.recipient)) if opening.recipient else None
    steps = list(opening.steps.select_related("by", "request"))
    context = {
        **_line(opening, timezone.now()),
        "state_once_read": STATES[State.SHOWN],
        "grounds": grounds,
        "is_key_gone": is_key_gone,
        "standing": opening_actions.standing_of(opening),
        "steps": [_step(step) for step in steps],
        "may": {str(act): True for act in acts},
        "is_asker": is_asker,
        "is_left": opening.state in OPEN and not is_asker and not opening_actions.is_held(opening),
        "claimant": opening.claimed_by,
        "claim_fingerprint": Recipient(bytes(opening.claim_recipient)).fingerprint if opening.claim_recipient else "",
        "standby": opening_actions.standby_of(opening),
        "was_read": any(step.act == Act.SHOW for step in steps),
        "recipient": recipient,
        "fingerprint": recipient.fingerprint if recipient else "",
        "reply_fingerprint": opening_actions.reply_fingerprint(opening),
        "refusal": forms_in_error.get("refusal") or RefusalForm(initial=_unsent(request, opening, Act.REFUSE, acts)),
        "reply": forms_in_error.get("reply") or ReplyForm(initial=_unsent(request, opening, Act.ANSWER, acts)),
        "review": forms_in_error.get("review") or ReviewForm(initial=_unsent(request, opening, Act.REVIEW, acts)),
        "form_in_error": next(iter(forms_in_error.values()), None),
        "next_step": _next_step(opening, acts) if ENVELOPE_TAKEN in request.GET else "",
    }
    return render(request, "openings/detail.html", context)


def _next_step(opening: OpeningRequest, acts: set[Act]) -> str:
    """Return the act whose form has the focus for whoever has taken the envelope and says what came next.

    The page stays as it was when the file is downloaded, so a link of it asks for the page again.
    """
    if Act.ANSWER in acts and opening.recipient:
        return Act.ANSWER
    return Act.SHOW_HERE if Act.SHOW_HERE in acts else Act.TAKE


def _shown(grounds: opening_actions.Grounds | None) -> opening_actions.Grounds | None:
    """Return the grounds with hidden characters made visible, and the date in words."""
    if grounds is None:
        return None
    texts = {name: plain_text.plain(text) for name, text in asdict(grounds).items()}
    with suppress(ValueError):  # none is given where danger is imminent
        texts["prosecutor_on"] = format_date(date.fromisoformat(texts["prosecutor_on"]), "j F Y")
    return opening_actions.Grounds(**texts)


def _unsent(request: HttpRequest, opening: OpeningRequest, act: Act, acts: set[Act]) -> dict[str, Any]:
    """Return what was typed in a form of this page before a proof of identity was asked for."""
    if act not in acts:
        return {}
    return kept_forms.restore(request, form=f"openings:{act}", of=str(opening.public_id))


def _step(step: OpeningStep) -> dict[str, Any]:
    try:
        note = plain_text.plain(opening_actions.note_of(step))
    except encryption.UnsealError:
        note = _("Ce texte ne peut pas être lu en ce moment.")
    return {"at": step.at, "act": _words(ACTS, step.act), "by": step.by, "part": _words(PARTS, step.part), "note": note,
            "is_on_call": step.on_call is not None}  # fmt: skip


# --- acts -------------------------------------------------------------------------------------------------------


@act_on
def countersign(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Countersign as the supervisor, who answers for the request together with the agent."""
    opening_actions.countersign_request(request_id=opening.pk, by=request.user)
    messages.success(request, _("Demande contresignée. Elle est maintenant chez les référents."))
    return redirect("openings:detail", opening.public_id)


@act_on
def agree(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Agree as a custodian. With enough agreements the envelope may be taken."""
    done = opening_actions.agree_to_request(request_id=opening.pk, by=request.user)
    if done.state == State.AGREED:
        messages.success(request, _("Accord donné. L'enveloppe peut être retirée."))
    else:
        messages.success(request, _("Accord donné. Il manque encore l'accord d'un autre référent."))
    return redirect("openings:detail", opening.public_id)


@act_on
def refuse(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Refuse the request, with a reason that the asker reads. No reason is asked for once the report is deleted."""
    form = RefusalForm(request.POST)
    is_gone = opening.report_id is None
    if not is_gone and not form.is_valid():
        return _show(request, opening, refusal=form)
    reason = "" if is_gone else form.cleaned_data["reason"]
    done = opening_actions.refuse_request(request_id=opening.pk, by=request.user, reason=reason)
    if done.report_id is None:
        messages.success(request, _("Demande refusée. L'échange est supprimé : aucune raison n'est gardée."))
    else:
        messages.success(request, _("Demande refusée. La personne qui l'a faite lit votre raison."))
    return redirect("openings:detail", opening.public_id)


@act_on
def claim(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Ask the supervisor, as the agent who answers the exchange now, to take the request over."""
    form = ClaimForm(request.POST)
    recipient = form.cleaned_data["recipient"] if form.is_valid() else None
    opening_actions.claim_request(request_id=opening.pk, by=request.user, recipient=recipient)
    messages.success(request, _("Reprise demandée. Un superviseur doit maintenant dire oui."))
    return redirect("openings:detail", opening.public_id)


@act_on
def hand_over(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Hand the request over, as the supervisor, to the agent who answers the exchange now."""
    to = request.POST.get("to", "")
    if not (to.isascii() and to.isdecimal() and len(to) <= 18):
        raise NotAllowed
    done = opening_actions.hand_over_request(request_id=opening.pk, by=request.user, to=int(to))
    if done.state == State.AGREED:
        messages.success(request, _("Demande confiée. L'enveloppe est à retirer de nouveau, pour le nouveau poste."))
    else:
        messages.success(request, _("Demande confiée à l'agent qui répond maintenant."))
    return redirect("openings:detail", opening.public_id)


@act_on
def withdraw(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Withdraw the request, as its asker."""
    opening_actions.withdraw_request(request_id=opening.pk, by=request.user)
    messages.success(request, _("Demande retirée."))
    return redirect("openings:detail", opening.public_id)


@act_on
def envelope(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Return the sealed value as a file, for the machine without a network."""
    taken = opening_actions.take_envelope(request_id=opening.pk, by=request.user)
    name = f"enveloppe-{opening.public_id}.json"
    return HttpResponse(
        taken.text,
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@act_on
def answer(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Store the answer that the custodians bring back, which only the asker's browser can decrypt."""
    form = ReplyForm(request.POST)
    if form.is_valid():
        try:
            opening_actions.answer_request(request_id=opening.pk, by=request.user, reply=form.cleaned_data["reply"])
        except opening_actions.OtherRequest:
            form.add_error("reply", _("Cette réponse est celle d'une autre demande."))
        else:
            messages.success(request, _("Réponse déposée. Un autre référent présent doit maintenant la confirmer."))
            return redirect("openings:detail", opening.public_id)
    return _show(request, opening, reply=form)


@act_on
def shown_here(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Note, as a custodian, that the value was shown to the agent in person. Another custodian has to confirm it."""
    opening_actions.shown_here(request_id=opening.pk, by=request.user)
    messages.success(request, _("Noté. Un autre référent présent doit maintenant le confirmer."))
    return redirect("openings:detail", opening.public_id)


@act_on
def confirm(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Confirm, as another custodian, what was done. The form has the fingerprint of the answer on their page."""
    done = opening_actions.confirm_answer(
        request_id=opening.pk, by=request.user, fingerprint=request.POST.get("fingerprint", "")
    )
    if done.state == State.ANSWERED:
        messages.success(request, _("Confirmé. L'agent a une heure pour lire la réponse, une seule fois."))
    else:
        messages.success(request, _("Confirmé."))
    return redirect("openings:detail", opening.public_id)


@act_on
def review(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Store the review of an opening for imminent danger. No text is asked for once the report is deleted."""
    form = ReviewForm(request.POST)
    is_gone = opening.report_id is None
    if not is_gone and not form.is_valid():
        return _show(request, opening, review=form)
    text = "" if is_gone else form.text
    done = opening_actions.review_opening(request_id=opening.pk, by=request.user, text=text)
    if done.report_id is None:
        messages.success(request, _("Examen enregistré. L'échange est supprimé : aucun texte n'est gardé."))
    else:
        messages.success(request, _("Examen enregistré."))
    return redirect("openings:detail", opening.public_id)


@require_POST
@for_one
def show(request: HttpRequest, opening: OpeningRequest) -> HttpResponse:
    """Return the answer once, as JSON `{"sealed": base64}`, to the asker's browser, which alone can decrypt it."""
    try:
        sealed = opening_actions.show_answer(request_id=opening.pk, by=request.user)
    except NotAllowed:
        return JsonResponse({"error": "not_there"}, status=409, headers={"Cache-Control": "no-store"})
    return JsonResponse({"sealed": base64.b64encode(sealed).decode()}, headers={"Cache-Control": "no-store"})


# --- the register of openings -----------------------------------------------------------------------------------


def for_control(view: View) -> View:
    """Decorate a view of the register of openings, which only custodians and administrators may see.

    The audit log records each such view, so an account may have `recorded_pages.PAGES` of them in a minute.
    """

    @require_GET
    @login_required
    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        if not (user.is_custodian or user.is_administrator):
            raise PermissionDenied
        return recorded_pages.refuse_if_too_many(request) or view(request)

    return wrapped


PAGE_ROWS = 100  # how many requests a page of the register has; its documents have more


@for_control
def openings_register(request: HttpRequest) -> HttpResponse:
    """Show the requests of everybody, the newest first, without their grounds: what, when, who, and how they ended."""
    _record_export(request, "page")
    return _show_register(request)


def _show_register(request: HttpRequest, *, is_later: bool = False) -> HttpResponse:
    form = RegisterForm(request.GET)
    asked = form.read()
    some = opening_actions.register_lines(PAGE_ROWS + 1, **asked)
    shown = some[:PAGE_ROWS]
    given = {"until": form.data.get("until", "") if asked["until"] else "", "older_than": asked["older_than"] or ""}
    context = {
        "form": form,
        "heads": register_heads(),
        "rows": register_rows(shown),
        "part": urlencode({name: value for name, value in given.items() if value}),
        "older_than": shown[-1].public_id if len(some) > PAGE_ROWS else None,
        "is_part": bool(asked["older_than"]),
        "documents_at_most": ROWS_AT_MOST,
        "is_later": is_later,
    }
    return render(request, "openings/register.html", context, status=503 if is_later else 200)


def _of_document(request: HttpRequest) -> list[list[str]]:
    """Return the rows of the part that the address asks for, the oldest first.

    There is one more than a document has if it is incomplete.
    """
    asked = RegisterForm(request.GET).read()
    return register_rows(opening_actions.register_lines(ROWS_AT_MOST + 1, **asked)[::-1])


def register_heads() -> list[str]:
    """Return the column titles of the register of openings, for the page and the CSV file."""
    return [
        _("Demande"), _("Signalement"), _("Objet"), _("Danger imminent"), _("Demandée le (UTC)"), _("Par"),
        _("Contresignée par"), _("Accords"), _("Confiée par"), _("Ouverte par"), _("Lue par"), _("État"),
        _("Depuis le (UTC)"), _("Examen (UTC)"), _("Examinée par"),
    ]  # fmt: skip


def register_rows(lines: Sequence[RegisterLine]) -> list[list[str]]:
    """Return one row of texts for each request, in order, without values or motives. Times are in UTC."""
    yes, no, owed = _("oui"), _("non"), _("à faire")
    fields = {value: str(label) for value, label in OpeningField.choices}
    states = {str(state): str(words) for state, words in STATES.items()}
    return [
        [
            str(one.public_id),
            str(one.report_public_id),
            fields.get(one.field, one.field),
            yes if one.is_urgent else no,
            _minute(one.asked_at),
            one.asked_by,
            ", ".join(one.countersigned),
            ", ".join(one.agreed),
            ", ".join(one.handed_over),
            ", ".join(one.opened),
            ", ".join(one.read),
            states.get(one.state, one.state),
            _minute(one.moved_at),
            owed if one.owes_review else _minute(one.reviewed_at) if one.reviewed_at else "",
            ", ".join(one.reviewed),
        ]
        for one in lines
    ]


def _minute(moment: datetime) -> str:
    """Return a time in UTC, as in « 2026-11-28 19:31 »."""
    return moment.isoformat(" ", "minutes")[:16]


@for_control
def register_csv(request: HttpRequest) -> HttpResponse:
    """Return the register as CSV, ROWS_AT_MOST requests, with semicolons and a byte-order mark for French spreadsheets.

    A last line says if there are older requests. The audit log records whether it was only a part of the register.
    """
    rows = _of_document(request)
    _record_export(request, "csv, a part" if len(rows) > ROWS_AT_MOST or request.GET else "csv")
    response = HttpResponse(content_type="text/csv; charset=utf-8", headers=_attachment("csv"))
    response.write("\ufeff")
    writer = csv.writer(response, delimiter=";")
    writer.writerow(register_heads())
    writer.writerows([[_plain(cell) for cell in row] for row in rows[-ROWS_AT_MOST:]])
    if len(rows) > ROWS_AT_MOST:
        writer.writerow([_("Il y en a d'autres avant celles-ci : demandez-les par leur date, sur la page.")])
    return response


@for_control
def register_pdf(request: HttpRequest) -> HttpResponse:
    """Return the register as a PDF of the newest rows, rendered in a child process, and recorded before it is sent."""
    who = f"register:{request.user.pk}"

    def begin() -> background_jobs.Work:
        at = timezone.localtime()
        return prepare_register(heads=register_heads(), rows=_of_document(request), at=at, who=who)

    try:
        name = f"{who}:{sorted(RegisterForm(request.GET).read().items())}"
        content = background_jobs.ask(name, begin, who=who, is_for_staff=True)
    except (background_jobs.NotYet, pool.NotDone):
        response = _show_register(request, is_later=True)
        response["Retry-After"] = "10"
        _record_export(request, "page")
        return response
    _record_export(request, "pdf")
    return HttpResponse(content, content_type="application/pdf", headers=_attachment("pdf"))


def _plain(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula, because names of accounts were typed by somebody."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def _attachment(kind: str) -> dict[str, str]:
    name = f"registre-des-levees-{timezone.localdate().isoformat()}.{kind}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _record_export(request: HttpRequest, kind: str) -> None:
    with transaction.atomic():
        audit_log.record(
            kind=AccessKind.EXPORT, by=request.user, subject="reports.OpeningRequest", motive="control", detail=kind
        )
