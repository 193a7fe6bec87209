"""This module reads the panels beside the thread for the console's pages, and the exchange for its document."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.template.defaultfilters import date as format_date
from django.utils import timezone
from django.utils.translation import gettext as _

from chat.captures import answers as captures
from chat.casework import (
    closing,
    danger,
    emergencies,
    fact_sheet,
    handles,
    one_press,
    person_summary,
    proposals,
    reported_elements,
)
from chat.casework.at_hand import EVERYTHING, AtHand
from chat.casework.forms import LABELS, AppointmentForm, ClosingForm, FactSheetForm, PaperForm, QuestionForm
from chat.console import referral_panel
from chat.conversations import wording
from chat.documents import stored_parts
from chat.documents.stored_parts import StoredPart
from chat.documents.transcript_pdf import Document, Section
from chat.journal import chronology
from chat.journal import panel as journal_panel
from chat.journal import queries as journal_queries
from chat.journal.facts import Fact
from chat.messages import transcript
from chat.messages.transcript import Said
from chat.models import Agent, Conversation
from chat.referral import actions as referral_actions
from chat.referral import queries as referral_queries
from chat.rules.closing import Point, Seen, known_points
from chat.rules.danger_words import Kind
from chat.rules.emergency import Situation
from chat.rules.lifecycle import Author, Outcome
from chat.rules.referral import SUMMARY_MAX
from chat.rules.reply_template import Reply
from common import clock, plain_text
from common.choices import label_of
from common.sealed_files.spool import Spool
from reports import form_of_address, letterhead
from reports.models import AgeBand, Platform, Since
from reports.models import Fact as FormOfFacts
from reports.rules import offence_elements
from reports.rules.offence_elements import Element, Evidence
from triage import versions
from triage.rules import Urgency


@dataclass(frozen=True, slots=True)
class ElementRow:
    """It is one element of the fact sheet.

    value: « yes », « no », or "" while it is open. reported: what the person said of it before the exchange; None for
    nothing.
    """

    name: str
    label: str
    value: str
    reported: reported_elements.Reported | None

    @property
    def answers(self) -> list[tuple[str, str, str]]:
        """Return the value, the part of an id, and the label of each button."""
        return [("yes", "oui", _("oui")), ("no", "non", _("non")), ("", "ouvert", "?")]


@dataclass(frozen=True, slots=True)
class Sheet:
    """It is the panel of the fact sheet.

    saved: what is stored, if something else was typed on an older version; otherwise None. reported: what the person
    said of elements before the exchange, by their values.
    """

    form: FactSheetForm
    version: int
    saved_at: datetime | None
    readings: list[offence_elements.Reading]
    remarks: list[offence_elements.Remark]
    links: list[str]
    is_readable: bool
    told: list[tuple[str, str]]
    reported: Mapping[str, reported_elements.Reported]
    saved: list[tuple[str, str]] | None = None

    @property
    def rows(self) -> list[ElementRow]:
        """Return the elements, in order."""
        answers = self.form.answers
        return [
            ElementRow(
                element.value,
                str(element.label),
                str(answers.get(element.value) or ""),
                self.reported.get(element.value),
            )
            for element in Element
        ]

    @property
    def to_confirm(self) -> int:
        """Return how many elements the person mentioned before the exchange that are still open."""
        return sum(row.reported is not None and not row.value for row in self.rows)


def sheet_panel(
    conversation: Conversation, form: FactSheetForm | None = None, *, is_older: bool = False, is_any: bool = True
) -> Sheet:
    """Return the fact sheet's panel. form: what was sent and not saved. is_older: whether a newer version is stored.

    is_any: false where it is known that nothing was saved.
    """
    sheet = fact_sheet.sheet_of(conversation) if is_any else None
    facts = fact_sheet.facts_of(sheet)
    version = sheet.version if sheet else 0
    if form is None:
        shown = FactSheetForm.showing(facts, version)
    else:
        shown = form.on_top_of(version) if is_older else form
    return Sheet(
        form=shown,
        version=version,
        saved_at=sheet.saved_at if sheet else None,
        readings=offence_elements.read(present=facts.present, absent=facts.absent),
        remarks=offence_elements.remarks(present=facts.present),
        links=plain_text.lines((facts.notes or {}).get("links", "")),
        is_readable=facts.notes is not None,
        told=told_facts(facts),
        reported=_reported(conversation),
        saved=told_facts(facts) if is_older else None,
    )


def _reported(conversation: Conversation) -> dict[str, reported_elements.Reported]:
    """Return what the person said before the exchange.

    No query, because the report came with the conversation, and the process caches the questionnaires.
    """
    report = conversation.report
    answers = person_summary.open_answers(conversation)
    return reported_elements.read_reported(report, answers, under=versions.find_or_current(report.triage_version))


def with_facts(sheet: Sheet, facts: Sequence[Fact], conversation: Conversation) -> Sheet:
    """Return the sheet with what the person's shown facts propose, beside what was said before. facts: in order."""
    if not facts:
        return sheet
    noted = [(one.element, one.is_clear, one.why) for one in journal_panel.proposed_by(chronology.find(facts))]
    return replace(sheet, reported=reported_elements.with_facts(sheet.reported, noted, conversation.report))


def told_facts(facts: fact_sheet.Facts) -> list[tuple[str, str]]:
    """Return the filled parts of a fact sheet in words, as pairs of a name and its value."""
    pairs = [(label_of(Element, value), _("oui")) for value in facts.present]
    pairs += [(label_of(Element, value), _("non")) for value in facts.absent]
    if facts.evidence:
        pairs.append((_("Preuves gardées"), ", ".join(label_of(Evidence, value) for value in facts.evidence)))
    for name, label in LABELS.items():
        text = (facts.notes or {}).get(name, "").strip()
        if text:
            shown = "\n".join(plain_text.lines(text)) if name == "links" else plain_text.plain(text)
            pairs.append((str(label), shown))
    return pairs


def panels(
    conversation: Conversation,
    *,
    voice: one_press.Voice,
    facts: Sequence[Fact] = (),
    thread: Sequence[Said] = (),
    dangers: danger.Dangers | None = None,
    is_marked: bool = False,
    is_suicide_told: bool = False,
    at_hand: AtHand = EVERYTHING,
    sheet: Sheet | None = None,
    ready: QuestionForm | None = None,
    appointment: AppointmentForm | None = None,
    paper: PaperForm | None = None,
    problems: Sequence[str] = (),
    is_complaint_open: bool = False,
    procedure_problem: str = "",
    transmission: referral_panel.Panel | None = None,
) -> dict[str, Any]:
    """Build the context of the panels of a conversation that was just obtained. Forms sent in error stay filled.

    facts: those of its journal that were read. thread, dangers: its last messages, and what they tell of.
    is_marked: words of danger are not dealt with, maybe no message. is_suicide_told: they are words of suicide.
    at_hand: what there is to be read. is_complaint_open: the form that proposes a complaint is open, to be read.
    """
    emergency = open_emergency(conversation, is_any=at_hand.emergencies)
    shown = with_facts(sheet or sheet_panel(conversation, is_any=at_hand.sheet), facts, conversation)
    unit = conversation.report.reception_point
    draft = draft_of(conversation, shown, facts=facts)
    return {
        "sheet": shown,
        **emergency,
        "say": said_in_one_press(
            conversation,
            emergency["checklist"],
            shown,
            voice,
            thread,
            dangers,
            is_marked=is_marked,
            is_suicide_told=is_suicide_told,
        )
        if conversation.is_open
        else [],
        "situations": Situation.choices,
        "voice": voice,
        "proposals": proposals.proposals_of(conversation) if at_hand.proposals else [],
        "partner_choices": proposals.partners_of(conversation),
        "ready_form": ready or QuestionForm(initial={"answer_1": "Oui", "answer_2": "Non"}),
        "appointment_form": appointment or AppointmentForm(unit=unit),
        "paper_form": paper or PaperForm(),
        "case_problems": list(problems),
        "is_complaint_open": is_complaint_open,
        "procedure_problem": procedure_problem,
        "closing_words": closing.words_of(conversation) if not conversation.is_open else {},
        "transmission": transmission or transmission_panel(conversation, shown, facts=facts, at_hand=at_hand),
        "summary_draft": draft,
    }


def open_emergency(conversation: Conversation, *, is_any: bool = True) -> dict[str, Any]:
    """Build the context of what is shown of an open procedure: its kind, its clock, its steps, the next one.

    If none is open, `emergency_ended` is the last one that has ended. is_any: false where it is known that there was
    none.
    """
    emergency = emergencies.open_one(conversation) if is_any else None
    checklist = emergencies.checklist(emergency) if emergency else []
    ended = emergencies.past_emergencies(conversation) if is_any and emergency is None else []
    return {
        "emergency": emergency,
        "emergency_ended": ended[-1] if ended else None,
        "emergency_label": label_of(Situation, emergency.situation) if emergency else "",
        "emergency_since": wording.clock_in_words(clock.now() - emergency.started_at) if emergency else "",
        "emergency_next": next((done for done in checklist if done.at is None), None),
        "checklist": checklist,
    }


def said_in_one_press(
    conversation: Conversation,
    checklist: Sequence[emergencies.Done],
    sheet: Sheet,
    voice: one_press.Voice,
    thread: Sequence[Said] = (),
    dangers: danger.Dangers | None = None,
    *,
    is_marked: bool,
    is_suicide_told: bool = False,
) -> list[Reply]:
    """Return the replies that an agent can insert with one press.

    They are the steps of an emergency, else the next questions, without those that `thread` has while there are others.
    The first of these is whether the person is safe, if the exchange tells of danger or is_marked (`panels`), and no
    procedure was ever opened. While words of suicide are not dealt with (is_suicide_told), the sentence with the 3114
    is the next, whatever the age, and the last where there are steps. Either is behind the others once it was sent.

    Two queries at most, and at most `danger.MESSAGES_READ` messages are decrypted; one query, and no message, where
    `thread` and `dangers` are enough.
    """
    prevention = one_press.prevention_reply(voice)
    if steps := one_press.steps_to_say(checklist, voice):
        is_there = not is_suicide_told or any(step.text == prevention.text for step in steps)
        return steps if is_there else [*steps, prevention]
    asked = [one.body for one in thread if one.author == Author.AGENT]
    questions = one_press.put_asked_last(one_press.questions_to_ask(sheet.readings, sheet.reported, voice), asked)
    first = [prevention] if is_suicide_told else []
    if (is_marked or _tells_danger(conversation, thread, dangers)) and not conversation.emergencies.exists():
        first = [one_press.safety_reply(voice), *first]
    found = [*first, *questions][: one_press.QUESTIONS_SHOWN]
    return one_press.put_asked_last(found, asked)


def _tells_danger(conversation: Conversation, thread: Sequence[Said], dangers: danger.Dangers | None) -> bool:
    return conversation.urgency >= Urgency.CRITICAL or danger.is_told_in(conversation, thread, dangers)


def after_autosave(conversation: Conversation, sheet: Sheet) -> dict[str, Any]:
    """Build the context of what depends on a sheet that the script saved: the summaries, and what to ask next."""
    emergency = emergencies.open_one(conversation)
    checklist = emergencies.checklist(emergency) if emergency else []
    voice = one_press.Voice(
        form_of_address.speaks_tu(conversation.report), person_summary.language_to_answer_in(conversation)
    )
    facts = journal_queries.read_facts(conversation)
    # The page is drawn with this piece of the thread: without it, what was asked already would be offered first again.
    piece = transcript.read_messages(conversation)
    marked, dangers = danger.pending_numbers(conversation), danger.read_thread(piece)
    return {
        "transmission": transmission_panel(conversation, sheet, facts=facts),
        "close_form": closing_form(conversation, draft=draft_of(conversation, sheet, facts=facts)),
        "say": said_in_one_press(
            conversation,
            checklist,
            sheet,
            voice,
            piece,
            dangers,
            is_marked=bool(marked),
            is_suicide_told=any(Kind.SUICIDE in dangers.get(seq, ()) for seq in marked),
        ),
    }


def draft_of(conversation: Conversation, sheet: Sheet | None = None, *, facts: Sequence[Fact] = ()) -> str:
    """Return the first text of a summary, in lines: the signalement's facts, the sheet, and the person's shown facts.

    facts: the shown facts in order, of which as many are used as fit. Nothing of the messages is in it; "" if there is
    nothing to say.
    """
    told = sheet.told if sheet else told_facts(fact_sheet.facts_of(fact_sheet.sheet_of(conversation)))
    report = conversation.report
    said = [
        (str(_("Faits, dits au signalement")), ", ".join(label_of(FormOfFacts, value) for value in report.facts)),
        (str(_("Où")), ", ".join(label_of(Platform, value) for value in report.platforms)),
        (str(_("Depuis")), label_of(Since, report.since)),
    ]
    told = [*((name, value) for name, value in said if value), *told]
    if told and report.age is not AgeBand.UNKNOWN:
        told = [(str(_("Âge de la victime")), str(report.age.label)), *told]
    summary = referral_panel.summary_of(told)
    head = _("Faits notés par la personne :")
    lines = journal_panel.as_lines(facts, SUMMARY_MAX - len(summary) - len(head) - 2)
    return "\n".join(filter(None, [summary, head if lines else "", *lines]))


def transmission_panel(
    conversation: Conversation,
    sheet: Sheet | None = None,
    *,
    facts: Sequence[Fact],
    at_hand: AtHand = EVERYTHING,
    **given: Any,
) -> referral_panel.Panel:
    """Return the panel of transmissions, with the first text of its summary.

    facts: the shown facts in order. None of them is in that text where it may be sent without the person's agreement,
    because without it no noted fact leaves (docs/adr/0045). With it the chronology goes along all the same. given:
    what `referral_panel.panel` takes besides.
    """
    without = referral_actions.may_be_sent_without(conversation, is_any=at_hand.emergencies)
    prefill = draft_of(conversation, sheet, facts=() if without else facts)
    return referral_panel.panel(conversation, prefill=prefill, without=without, at_hand=at_hand, **given)


def has_noted_facts(summary: str, conversation: Conversation) -> bool:
    """Return whether a line of this summary is a noted fact as `draft_of` writes it. Decrypts the facts that were
    read."""
    facts = journal_queries.read_facts(conversation)
    noted = journal_panel.as_lines(facts, sys.maxsize)
    return not {line.strip() for line in summary.splitlines()}.isdisjoint(noted)


def closing_form(
    conversation: Conversation,
    data: Any = None,
    *,
    draft: str = "",
    thread: Sequence[Said] = (),
    ready: Sequence[str] = (),
) -> ClosingForm:
    """Return the closing form with the points that this exchange requires, filled in as far as they are known.

    draft: the beginning of its summary. thread: the messages that were read. ready: the texts that are offered to
    agents, beside those of `one_press.words_to_minors`.
    """
    known: dict[str, str] = {}
    if conversation.report.is_minor and thread:
        said = [one.body for one in thread if one.author == Author.AGENT]
        known = known_points(said, [*one_press.words_to_minors(), *ready])
    return ClosingForm(data, initial={"summary": draft}, is_minor=conversation.report.is_minor, known=known)


# --- the exchange as a document -------------------------------------------------------------------------------------


def _moment(moment: datetime) -> str:
    return format_date(timezone.localtime(moment), "d/m/Y H:i")


def document(agent: Agent, conversation: Conversation, *, motive: str, now: datetime) -> Document:
    """Return the document of an exchange: transcript and file, with who made it, when and why.

    The agent answers the exchange, or answered it to its end.
    """
    dossier = person_summary.read_person_summary(conversation, now)
    short = str(conversation.public_id)[:8]
    handle = handles.handle_of(agent, conversation)
    maker = f"{agent.interlocutor}, {agent.unit.name} (compte n° {agent.user_id})"
    title = _("Échange %(number)s du %(day)s") % {
        "number": short,
        "day": format_date(timezone.localtime(conversation.opened_at), "d/m/Y"),
    }
    return Document(
        title=title,
        letterhead=letterhead.lines(),
        mark=_("Document fait par %(maker)s le %(moment)s. Motif : %(motive)s")
        % {"maker": maker, "moment": _moment(now), "motive": motive},
        about=[
            _("Un signalement n'est pas une plainte. Ce document ne nomme pas la personne, sauf si elle s'est nommée."),
            _("Les heures sont celles de Paris ; celles des faits, celles que la personne a dites."),
            _("Identifiant : %(id)s") % {"id": conversation.public_id},
            *([_("Repère dans la console : %(handle)s") % {"handle": handle}] if handle else []),
        ],
        sections=[*_facts(conversation, dossier), *_work(conversation)],
        heads=(_("Sujet"), _("Réponse")),
        thread_title=_("Messages"),
        thread=_thread(conversation),
        codes_note=_(
            "Un signe que ce document ne peut pas dessiner est écrit par son code : ⟦U+1F468⟧ ; "
            "s'il y est trois fois de suite : ⟦U+1F468 ×3⟧."
        ),
    )


@dataclass(frozen=True, slots=True)
class Part:
    """It is one document of a long exchange, which waits in a spool. first, last: the numbers of its messages, as
    printed before each of them; "" for one that has the file alone."""

    number: int
    first: str
    last: str
    stored: StoredPart


def parts(whole: Document) -> list[Part]:
    """Return the documents of an exchange, nearly always one. The first has the file, as far as it fits; each says
    which part it is. Raises pool.Failed when the disk is full."""
    found = stored_parts.store(Spool(), whole)
    if len(found) == 1:
        return [Part(1, "", "", found[0])]
    made = []
    for number, part in enumerate(found, 1):
        first, last = (head.partition(".")[0] for head in (part.first_head, part.last_head))
        told = {"number": number, "count": len(found), "first": first, "last": last}
        which = (
            _("Partie %(number)d sur %(count)d : messages %(first)s à %(last)s.") % told
            if first
            else _("Partie %(number)d sur %(count)d.") % told
        )
        made.append(Part(number, first, last, stored_parts.with_about(part, [*whole.about, which])))
    return made


def _facts(conversation: Conversation, dossier: person_summary.PersonSummary) -> list[Section]:
    pairs = [
        (_("Qui écrit"), dossier.role),
        (_("Âge de la victime"), dossier.age),
        (_("Urgence"), label_of(Urgency, conversation.urgency)),
        (_("Faits"), ", ".join(dossier.facts)),
        (_("Où"), ", ".join(dossier.platforms)),
        (_("Depuis"), dossier.since),
        (_("Attend"), ", ".join(dossier.expectations)),
        (_("Lieu"), wording.place_of(conversation.report)),
        (_("Point d'accueil"), dossier.unit.name if dossier.unit else ""),
        (_("Ouvert le"), _moment(conversation.opened_at)),
        (_("Terminé le"), _moment(conversation.closed_at) if conversation.closed_at else ""),
        (_("Issue"), label_of(Outcome, conversation.outcome)),
    ]
    sections = [Section(_("Signalement"), pairs=[(name, value) for name, value in pairs if value])]
    if dossier.answers:
        sections.append(Section(_("Orientation"), pairs=dossier.answers))
    return sections


def _work(conversation: Conversation) -> list[Section]:
    sections = []
    panel = sheet_panel(conversation)
    if told := told_facts(fact_sheet.facts_of(fact_sheet.sheet_of(conversation))):
        readings = []
        for reading in panel.readings:
            article = reading.offence.article or _("article à vérifier")
            readings.append(f"{reading.offence.title} ({article}) : {reading.standing.label}.")
        sections.append(Section(_("Fiche des faits"), lines=readings, pairs=told))
    if rows := proposals.proposals_of(conversation):
        pairs = [(one.text, one.answer or _("sans réponse")) for one in reversed(rows)]
        sections.append(Section(_("Propositions"), pairs=pairs))
    if journal_queries.count_read(conversation)[0]:
        told_then = journal_panel.as_pairs(conversation)
        sections.append(Section(_("Chronologie des faits, dits par la personne"), pairs=told_then))
    if pairs := captures.as_pairs(conversation):
        sections.append(Section(_("Captures montrées par la personne"), pairs=pairs))
    if pairs := captures.handed_pairs(conversation):
        sections.append(Section(_("Documents envoyés à la personne"), pairs=pairs))
    for emergency in [*emergencies.past_emergencies(conversation), *filter(None, [emergencies.open_one(conversation)])]:
        steps = [
            (str(done.line.step.label), f"{_moment(done.at)} {done.by}" if done.at else _("non coché"))
            for done in emergencies.checklist(emergency)
        ]
        ended = _moment(emergency.ended_at) if emergency.ended_at else _("en cours")
        line = f"{label_of(Situation, emergency.situation)}. {_moment(emergency.started_at)} – {ended}"
        sections.append(Section(_("Procédure d'urgence"), lines=[line], pairs=steps))
    its_words = ("reason", "other", "moment")  # the words of a step that are printed
    for one in reversed(referral_queries.referrals_of(conversation)):
        lines = [one.unit, one.summary, *([_("Sans accord : %(why)s") % {"why": one.why}] if one.why else [])]
        steps = []
        for step in one.steps:
            words = next(filter(None, map(step.words.get, its_words)), "–")
            steps.append((f"{step.label}, {_moment(step.at)}", words))
        number = one.transmission.file_number
        title = _("Transmission %(number)s") % {"number": number} if number else _("Transmission non envoyée")
        sections.append(Section(title, lines=lines, pairs=steps))
    words = closing.words_of(conversation)
    points = closing.points_of(conversation)
    if words or points:
        lines = [text for text in (words.get("summary", ""), words.get("told", "")) if text]
        pairs = [(label_of(Point, point), label_of(Seen, seen)) for point, seen in points.items()]
        sections.append(Section(_("Clôture"), lines=lines, pairs=pairs))
    return sections


def _thread(conversation: Conversation) -> Iterator[tuple[str, str]]:
    for message in transcript.whole_thread(conversation):
        who = message.agent.interlocutor if message.agent else label_of(Author, message.author)
        yield f"{message.seq}. {who}, {_moment(message.sent_at)}", message.shown
