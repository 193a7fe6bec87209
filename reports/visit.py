"""Reads what a visit brings to the signalement: the orientation, the place for the chat and the report that it filed.

It is read once, where a page begins, and handed on as a value: a form, a limit and the report that is filed all go by
the same answers, even if another tab of the visit answers a question meanwhile.
"""

from dataclasses import dataclass

from django.http import HttpRequest

import locations.session
import triage.session
from locations.session import Choice
from reports import session
from reports.form_of_address import speaks_tu
from reports.models import Report
from triage.session import Triage


@dataclass(frozen=True)
class Visit:
    """One visit as it stood when its page was asked for.

    choice: the point d'accueil, None before one is chosen. is_searching: a place was typed that several communes bear,
    and none is chosen yet. report: what this visit filed, None before that.
    """

    triage: Triage
    choice: Choice | None = None
    is_searching: bool = False
    report: Report | None = None

    @property
    def familiar(self) -> bool:
        """Return whether this person is said *tu*. Without answers in the visit, on another device, as their report
        tells."""
        if self.report is not None and not self.triage.answers:
            return speaks_tu(self.report)
        return self.triage.voice.familiar

    @property
    def has_ongoing_report(self) -> bool:
        """Say whether a conversation waits or goes on for the report. One that the chat has not opened yet counts."""
        if self.report is None:
            return False
        conversation = getattr(self.report, "conversation", None)
        return conversation is None or conversation.is_open


def read_visit(request: HttpRequest) -> Visit:
    """Read this request's visit: three queries at most (the report, and two for the place), none without them.

    Which questionnaire is in force is one more, when this process read it more than `versions.KEEP_SECONDS` ago.
    """
    return Visit(
        triage=triage.session.read(request),
        choice=locations.session.current_choice(request),
        is_searching=locations.session.pending_search(request) is not None,
        report=session.current_report(request),
    )
