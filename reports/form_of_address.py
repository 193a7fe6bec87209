"""Decides whether Pnav says *tu* or *vous* to a person."""

from common.encryption import UnsealError
from reports.models import Report, ReporterRole
from triage import rules, versions

# What `speaks_tu` asks of a report, after its key.
VOICE_FIELDS = (
    "id", "submission_id", "role", "age_band", "later_age_band", "triage_version", "triage_answers_sealed",
)  # fmt: skip


def is_familiar(report: Report, answers: dict[str, str]) -> bool:
    """Return whether to say *tu*, which is so if the person who writes is a minor."""
    if answers:
        return rules.choose_voice(answers, under=versions.find_or_current(report.triage_version)).familiar
    return report.is_minor and report.role == ReporterRole.VICTIM


def speaks_tu(report: Report) -> bool:
    """Do as `is_familiar` with the report's own answers; answers that cannot be decrypted count as none."""
    try:
        return is_familiar(report, report.triage_answers())
    except UnsealError:
        return is_familiar(report, {})
