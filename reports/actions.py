"""Things that happen to signalements."""

import json
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import transaction
from django.utils.translation import get_language

from locations.session import Choice
from reports import arrivals, keyring
from reports.models import AgeBand, Report, ReporterRole
from reports.visitor import Connection
from triage.questions import VERSION
from triage.rules import Assessment, Urgency


@transaction.atomic
def file_report(
    *,
    submission_id: UUID,
    answers: Mapping[str, str],
    assessment: Assessment,
    choice: Choice,
    role: str = ReporterRole.VICTIM,
    age_band: str = AgeBand.UNKNOWN,
    facts: Collection[str] = (),
    platforms: Collection[str] = (),
    since: str = "",
    expectations: Collection[str] = (),
    discreet: bool = False,
    is_one_of_many: bool = False,
    name: str = "",
    contact: str = "",
    connection: Connection = Connection("", ""),  # noqa: B008  nobody can change it
) -> Report:
    """File a signalement, once.

    submission_id: made with the form; sent again it returns the first report, unchanged.
    answers, assessment: what the triage holds; the answers are sealed.
    is_one_of_many: the network it comes from has filed more today than one household or school would: the report is
    filed all the same, but what it says of its urgency is not believed before an agent has read it.
    choice: the point d'accueil of the visit, from which the zone (police or gendarmerie) follows.
    name, contact: what the person chose to leave, "" for nothing; connection: where the form comes from. They are
    sealed here and kept nowhere else. Raises sealing.TextRefused when one is longer than TEXT_MAX_BYTES.
    """
    report, created = Report.objects.get_or_create(
        submission_id=submission_id,
        defaults={
            "role": role,
            "age_band": age_band,
            "facts": list(facts),
            "platforms": list(platforms),
            "since": since,
            "expectations": list(expectations),
            "triage_version": VERSION,
            "triage_answers_sealed": keyring.seal(json.dumps(dict(answers)), context=f"report:{submission_id}"),
            "outcome": assessment.outcome,
            "urgency": Urgency.NORMAL if is_one_of_many else assessment.urgency,
            "discreet": discreet,
            "language": get_language() or "fr",
            "postal_code": choice.postal_code,
            "municipality": choice.municipality,
            "reception_point": choice.reception_point,
            "force": choice.force or "",
            "is_nearest": choice.is_nearest,
        },
    )
    if created:
        arrivals.seal_identity(report, name=name, contact=contact, connection=connection)
    return report
