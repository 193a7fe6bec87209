"""This module reads the state of a visit: its orientation, its place for the chat, and the report that it filed.

The state is read once, at the beginning of a page, and passed on as a value. So a form, a limit and the report that is
filed use the same answers, even if another tab of the visit answers a question meanwhile.
"""

from dataclasses import dataclass

from django.http import HttpRequest

import locations.session
import triage.session
from common.choices import read_choice
from locations.forms import Purpose
from locations.session import Choice
from reports import session
from reports.form_of_address import speaks_tu
from reports.models import AgeBand, Report
from triage.rules import Urgency
from triage.session import Triage


@dataclass(frozen=True)
class Visit:
    """It is the state of one visit when its page was requested.

    choice: the point d'accueil; None before one is chosen. is_searching: whether a place was typed for the chat that
    several communes have as name, or none, and nothing is chosen yet. report: the report that this visit filed; None
    before that.
    """

    triage: Triage
    choice: Choice | None = None
    is_searching: bool = False
    report: Report | None = None

    @property
    def familiar(self) -> bool:
        """Return whether to say *tu*: by the visit's answers, or by the report if it has none, as on another device."""
        if self.report is not None and not self.triage.answers:
            return speaks_tu(self.report)
        return self.triage.voice.familiar

    @property
    def has_ongoing_report(self) -> bool:
        """Return whether the report has a conversation that is not closed, or that the chat has not opened yet.

        One whose person was taken out of the queue gets its place back when its page is read.
        """
        if self.report is None:
            return False
        conversation = getattr(self.report, "conversation", None)
        return conversation is None or conversation.closed_at is None

    def urgency_for(self, age_band: str) -> Urgency:
        """Return how urgent a report about a person of this age is: as the answers say, and HIGH at least for a minor.

        The form of the signalement may give another age than the orientation heard.
        """
        heard = self.triage.assessment.urgency
        return max(heard, Urgency.HIGH) if read_choice(AgeBand, age_band, AgeBand.UNKNOWN).is_minor else heard


def read_visit(request: HttpRequest) -> Visit:
    """Read the visit of this request, with three queries at most: one for the report and two for the place, if any.

    There is one more for the questionnaire in force, if this process read it more than `versions.KEEP_SECONDS` ago.
    """
    pending = locations.session.pending_search(request)
    return Visit(
        triage=triage.session.read(request),
        choice=locations.session.current_choice(request),
        is_searching=pending is not None and pending[1] == Purpose.EXCHANGE,
        report=session.current_report(request),
    )
