"""This is the page that returns a unit's dossier as an archive: the summary, the facts that went with it, and the steps
since.

It is made with the modules of « Ma copie » (`chat.personal_copy`), and recorded in the register.
"""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from chat.captures import queries as capture_queries
from chat.documents import stored_parts, transcript_pdf
from chat.documents.stored_parts import StoredPart
from chat.documents.transcript_pdf import Document, Section
from chat.journal import panel as journal_panel
from chat.journal import queries as journal_queries
from chat.models import Transmission, UnitAccount
from chat.personal_copy import archive, long_json, pages
from chat.personal_copy.parts import (
    capture_for_reader,
    fact_for_reader,
    iso_moment,
    keep_proofs,
    moment_in_words,
    place_of_step,
)
from chat.proof_of_date import sources
from chat.proof_of_date.proofs import proofs_of
from chat.referral import actions as referral_actions
from chat.referral.queries import ShownReferral, Step, agreed_captures
from chat.rules.referral import Basis, State
from chat.unit.views import for_units, show_problem, transmission_or_404
from common import rate_limits
from common.data_keys import keys
from common.offload import background_jobs, pool
from common.offload.long_results import LongResult
from common.sealed_files.answer import PieceByPiece
from common.sealed_files.spool import Spool
from reports import letterhead

DOSSIERS, DOSSIERS_SECONDS = 10, 60  # how many dossiers an account may ask for in this time


@require_POST
@for_units
def dossier(request: HttpRequest, account: UnitAccount, public_id: uuid.UUID) -> HttpResponseBase:
    """Return the archive: a PDF, the same as JSON, proofs of date, and the page that verifies them.

    The register records the reading, and then the archive by the digest of the list of its files (docs/adr/0120).

    An account may have DOSSIERS in DOSSIERS_SECONDS. Each takes a child process for each
    PDF (`_cut`), nearly always one.
    """
    row = transmission_or_404(account, public_id)
    if row.state == State.SENT:
        return redirect("unit:detail", public_id=public_id)
    if rate_limits.is_over(f"dossier:{account.pk}", limit=DOSSIERS, seconds=DOSSIERS_SECONDS):
        return show_problem(
            request, account, row, _("Beaucoup de dossiers à la fois : réessayez dans une minute."), 429
        )
    try:
        keys.require(row.conversation.data_key)
    except keys.KeysAway:  # everything that is sealed would be left out, as if it could never be opened again
        said = _(
            "Le dossier n'a pas été fait : les textes chiffrés ne peuvent pas être lus en ce moment, et il serait "
            "incomplet. Réessayez dans une minute."
        )
        return show_problem(request, account, row, said, 503, retry_seconds=60)
    try:
        opened = referral_actions.read_summary(transmission=row, by=request.user)  # type: ignore[arg-type]
    except referral_actions.Settled as error:
        raise Http404 from error
    who = f"unit:{account.pk}"
    # When a capture is set aside, or deleted, another one is made.
    name = f"dossier:{who}:{public_id}:{[str(one.public_id) for one in _captures(row)]}"
    try:
        joined = background_jobs.ask(
            name,
            partial(_prepare, account, row, opened, who),
            who=who,
            data_key=row.conversation.data_key,
            is_for_staff=True,
        )
    except background_jobs.NotYet:
        said = _(
            "Le dossier se prépare : la machine est très occupée. Redemandez-le dans quelques secondes : "
            "il n'est pas refait depuis le début."
        )
        return show_problem(request, account, row, said, 503)
    except pool.NotDone:
        said = _("Le dossier n'a pas pu être fait. Réessayez dans un instant.")
        return show_problem(request, account, row, said, 503)
    files, at = archive.split(joined)
    now = timezone.localtime(datetime.fromisoformat(at))
    referral_actions.record_dossier(
        transmission=row,
        list_digest=archive.digest_of_list(files),
        by=request.user,  # type: ignore[arg-type]
    )
    length, packed = archive.stream(files, now)
    return PieceByPiece(packed, length=length, name=archive.name_of(now, "zip"), kind="application/zip")


def _prepare(account: UnitAccount, row: Transmission, opened: ShownReferral, who: str) -> background_jobs.LongWork:
    """Read the dossier now, and return the work that makes its files (`archive.join`), with the time of now.

    The facts, or one PDF, are in memory at a time (docs/adr/0149). Raises pool.Failed when the disk is full.
    """
    spool, captures = Spool(), _captures(row)
    until = opened.agreed.until if opened.agreed is not None else None
    facts = journal_queries.read_ids(row.conversation, until) if opened.agreed is not None else []
    held = [*facts, *(one.public_id for one in captures)]
    found = proofs_of(row.conversation, kinds=[sources.FACT, sources.CAPTURE], only=held)
    files = [
        archive.keep_file(spool, "dossier.json", long_json.dump(_value(row, opened, captures))),
        archive.keep_file(spool, "verifier.html", (pages.draw_checker(familiar=False),)),
        *keep_proofs(spool, found),
    ]
    documents = _cut(_document(account, opened, has_facts=bool(facts)), spool)
    at = timezone.now().isoformat()

    def work() -> LongResult:
        made = []
        for name, one in documents:
            drawn = transcript_pdf.draw(one.document(), who=who, is_patient=True)
            made.append(archive.keep_file(spool, name, (drawn,)))
        return archive.join([*made, *files], at)

    return work


def _cut(whole: Document, spool: Spool) -> list[tuple[str, StoredPart]]:
    """Return the names and the documents of the dossier, nearly always one (`transcript_pdf.parts`)."""
    cut = stored_parts.store(spool, whole)
    if len(cut) == 1:
        return [("dossier.pdf", cut[0])]
    which = _("Partie %(number)d sur %(count)d.")
    told = [which % {"number": number, "count": len(cut)} for number in range(1, len(cut) + 1)]
    return [
        (f"dossier-{number}.pdf", stored_parts.with_about(part, [*whole.about, line]))
        for number, (part, line) in enumerate(zip(cut, told, strict=True), 1)
    ]


def _document(account: UnitAccount, opened: ShownReferral, *, has_facts: bool) -> Document:
    number = opened.transmission.file_number or ""
    steps = [(f"{step.label}, {moment_in_words(step.at)}", _said(step)) for step in opened.steps]
    until = opened.agreed.until if opened.agreed is not None else None
    facts = journal_panel.as_pairs(opened.transmission.conversation, until)
    return Document(
        title=_("Dossier %(number)s") % {"number": number},
        letterhead=letterhead.lines(),
        mark=_("Document fait pour %(unit)s (compte n° %(account)s) le %(moment)s.")
        % {"unit": opened.unit, "account": account.user_id, "moment": moment_in_words(timezone.now())},
        about=[
            _about(opened),
            _("Les heures sont celles de Paris ; celles des faits, celles que la personne a dites."),
        ],
        sections=[
            Section(_("Résumé"), lines=[opened.summary]),
            *([Section(_("Pourquoi sans l'accord de la personne"), lines=[opened.why])] if opened.why else []),
            *([Section(_("Chronologie des faits, dits par la personne"), pairs=facts)] if has_facts else []),
            Section(_("Étapes"), pairs=steps),
        ],
        heads=(_("Sujet"), _("Réponse")),
        thread_title=_("Captures"),
        thread=[
            (
                _("Capture %(number)s, reçue le %(moment)s")
                % {"number": one.number, "moment": moment_in_words(one.received_at or one.begun_at)},
                f"{one.kind_label}, SHA-256 {one.sha256}",
            )
            for one in _captures(opened.transmission)
        ],
        codes_note=_("Un signe qui ne se dessine pas est écrit par son code, entre ⟦ et ⟧."),
    )


def _about(opened: ShownReferral) -> str:
    """Return what the dossier says first: that it is no complaint, and on which basis the summary was sent."""
    if opened.transmission.basis == Basis.AGREED:
        return _("Un signalement n'est pas une plainte. La personne a lu ce résumé.")
    if opened.was_refused:
        return _("Un signalement n'est pas une plainte. Ce résumé a été envoyé malgré le refus de la personne.")
    return _("Un signalement n'est pas une plainte. Ce résumé a été envoyé sans l'accord de la personne.")


def _captures(row: Transmission) -> list[capture_queries.Seen]:
    """Return what is known of the captures that went with the summary, without the originals."""
    found = capture_queries.captures_sent_along(row.conversation, agreed_captures(row))
    return [one for one in found if one.sha256 and one.locked_at is None and one.received_at is not None]


def _facts(opened: ShownReferral) -> Iterator[dict[str, Any]]:
    """Yield the facts that the person agreed to send, by date, with the time as it was told."""
    if opened.agreed is not None:
        yield from map(
            fact_for_reader, journal_queries.read_facts(opened.transmission.conversation, opened.agreed.until)
        )


def _said(step: Step) -> str:
    said = next(filter(None, map(step.words.get, ("moment", "other", "reason"))), "")
    return "\n".join(filter(None, [said, place_of_step(step)])) or "–"


def _value(row: Transmission, opened: ShownReferral, captures: Sequence[capture_queries.Seen]) -> dict[str, Any]:
    """Return the content of `dossier.json`, for `long_json.dump`."""
    return {
        "format": "pnav-transmission",
        "version": 1,
        "made_at": iso_moment(timezone.now()),
        "exchange": {"id": str(row.conversation.public_id)},
        "file_number": opened.transmission.file_number,
        "unit": opened.unit,
        "summary": opened.summary,
        "why": opened.why,
        "steps": [
            {"at": iso_moment(step.at), "state": step.state, "label": step.label, "text": _said(step)}
            for step in opened.steps
        ],
        "facts": _facts(opened),
        "captures": [capture_for_reader(one) for one in captures],
    }
