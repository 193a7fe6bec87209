"""Steps that many tests of retention share."""

from datetime import timedelta
from io import StringIO

from django.core.management import call_command
from django.utils import timezone

from chat.models import Conversation
from reports.actions import (
    ask_freeze,
)
from reports.models import (
    AccessRecord,
    Freeze,
    OpeningRequest,
)
from reports.openings import actions as opening_actions
from reports.openings.actions import Grounds
from tests.factories import chat as make


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def kept() -> set[Conversation]:
    run()
    return set(Conversation.objects.all())


def freeze(conversation: Conversation, by, *, days: float = 10) -> Freeze:
    until = timezone.now() + timedelta(days=days)
    values = {"motive": "enquête", "reference": "2026/123", "authority": "parquet"}
    return ask_freeze(report_id=conversation.report_id, by=by, until=until, **values)


def told(kind: str) -> list[tuple[str, str, str]]:
    return list(AccessRecord.objects.filter(kind=kind).order_by("number").values_list("role", "subject", "detail"))


def ask_opening(conversation, by) -> OpeningRequest:
    grounds = Grounds("m", "t", "r", "2026-01-01")
    if not conversation.report.sealed_values.exists():
        make.sealed(conversation)
    return opening_actions.ask_opening(
        report=conversation.report, field="name", grounds=grounds, is_urgent=False, recipient=None, by=by
    )
