"""This module says « Précision » of the register in French. The code wrote it in English, and it stays as it was
hashed.

A text that is not known here is shown as it was written, because somebody who can insert rows may have written
anything.
"""

import re
from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import dates
from reports.audit.for_the_person import CAPTURES
from reports.models import AccessKind, OpeningField
from reports.rules.openings import Act
from reports.rules.openings_labels import ACTS

# The things that the service deletes, by their names in the code.
REMOVED: Mapping[str, object] = {
    "reports": gettext_lazy("signalements"),
    "resume_codes": gettext_lazy("codes de reprise"),
    "sessions": gettext_lazy("visites et sessions"),
    "opinions": gettext_lazy("avis sur le service"),
    "debriefs": gettext_lazy("demandes de débriefing"),
    "tombstones": gettext_lazy("traces de suppression"),
    "erased": gettext_lazy("empreintes d'effacement"),
    "openings_and_steps": gettext_lazy("demandes de levée et leurs étapes"),
    "pending_changes": gettext_lazy("propositions de changement"),
    "on_calls": gettext_lazy("astreintes"),
    "receipts": gettext_lazy("récépissés"),
    "admin_log": gettext_lazy("lignes de l'historique de l'administration"),
    "data_keys": gettext_lazy("clés d'échanges, effacées"),
}
WORDS: Mapping[str, Mapping[str, object]] = {
    AccessKind.ERASURE: {
        "asked": gettext_lazy("demandée"),
        "granted": gettext_lazy("accordée"),
        "refused": gettext_lazy("refusée"),
    },
    AccessKind.FREEZE: {
        "asked": gettext_lazy("demandé"),
        "set": gettext_lazy("posé"),
        "lifted": gettext_lazy("levé"),
        "declined": gettext_lazy("refusé"),
    },
    AccessKind.ON_CALL: {"named": gettext_lazy("désignée"), "ended": gettext_lazy("terminée avant l'heure")},
    AccessKind.SEARCH: {
        "unknown": gettext_lazy("rien de connu du registre"),
        "words of exchanges that are held": gettext_lazy("des mots, dans les échanges que l'agent tenait"),
        "receipt: known": gettext_lazy("récépissé vérifié : oui"),
        "receipt: unknown": gettext_lazy("récépissé vérifié : non"),
    },
    AccessKind.READING: {"join": gettext_lazy("en rejoignant l'échange")},
    AccessKind.WHISPER: {"whisper": gettext_lazy("un mot à l'agent seul")},
    AccessKind.REASSIGNMENT: {"reassign": gettext_lazy("confié à un autre agent")},
    AccessKind.GIVEN: {"give": gettext_lazy("confiée sans attendre son tour")},
    AccessKind.AGENT_PAUSED: {"pause": gettext_lazy("mis en pause")},
    AccessKind.AGENT_IDLE: {"pause": gettext_lazy("pause automatique")},
    AccessKind.EXPORT: {
        "page": gettext_lazy("à l'écran"),
        "csv": gettext_lazy("tableur (CSV)"),
        "csv, a part": gettext_lazy("tableur (CSV), une partie"),
        "pdf": gettext_lazy("document (PDF)"),
    },
    AccessKind.PAPER: {
        "pdf: transcript and file": gettext_lazy("PDF : échange et dossier"),
        "archive: transcript and file": gettext_lazy("archive vérifiable : échange et dossier"),
    },
    AccessKind.TRANSMISSION: {
        "archive: dossier": gettext_lazy("archive vérifiable : dossier de l'unité"),
        CAPTURES: gettext_lazy("dessins des captures"),
    },
    AccessKind.COPY: {"copy": gettext_lazy("copie")},
}
PART = re.compile(r"pdf: transcript and file, part (\d{1,6}) of (\d{1,6})", re.ASCII)
ON_CALL = re.compile(r"(.*), on call \d{1,18}", re.ASCII)
UNTIL = re.compile(r"(\w+), until (\d{4}-\d{2}-\d{2})", re.ASCII)
APPROVAL = re.compile(r"(asked|accepted|refused|withdrawn|lapsed) (\d{1,18})(?:, asked by (\d{1,18}))?: (.*)", re.ASCII)
APPROVALS: Mapping[str, object] = {
    "asked": gettext_lazy("proposé"),
    "accepted": gettext_lazy("accepté"),
    "refused": gettext_lazy("refusé"),
    "withdrawn": gettext_lazy("retiré"),
    "lapsed": gettext_lazy("non appliqué, faute de réponse à temps"),
}
# The kinds of acts that a supervisor may do on call. « Astreintes » (`chat.decisions.on_call`) shows these.
DECIDED = {
    AccessKind.OPENING,
    AccessKind.FREEZE,
    AccessKind.ERASURE,
    AccessKind.READING,
    AccessKind.WHISPER,
    AccessKind.REASSIGNMENT,
    AccessKind.GIVEN,
    AccessKind.AGENT_PAUSED,
    AccessKind.CAPTURE_LOCKED,
}
COUNT = re.compile(r"(\w+): (\d{1,9})", re.ASCII)
CAPTURE = re.compile(
    r"capture (\d{1,9}), (?:sha256 ([0-9a-f]{64})|(locked|deleted(?:, named person told)?|unlocked))", re.ASCII
)
ARCHIVE = re.compile(r"(.*), sha256 ([0-9a-f]{64})", re.ASCII)
DAYS = re.compile(r"(\d{1,3}) days", re.ASCII)
FROM_TO = re.compile(r"(\d{4}-\d{2}-\d{2}) to (\d{4}-\d{2}-\d{2})", re.ASCII)
CAPTURE_ACTS: Mapping[str, object] = {
    "locked": gettext_lazy("mise de côté"),
    "deleted": gettext_lazy("supprimée"),
    "deleted, named person told": gettext_lazy("supprimée, la personne désignée étant prévenue"),
    "unlocked": gettext_lazy("rendue"),
}
OPENING = re.compile(r"([0-9a-f]{8})-[0-9a-f-]{27}: (\w+), (\w+) \d+, (?:on the spot|[0-9a-f ]+)", re.ASCII)


def in_words(kind: str, detail: str) -> str:
    """Return the detail of a line of this kind in words of the active language."""
    if kind in DECIDED and (found := ON_CALL.fullmatch(detail)):
        return _("%(act)s ; au titre de l'astreinte") % {"act": in_words(kind, found[1])}
    if kind == AccessKind.RETENTION:
        return ", ".join(_removed(part) for part in detail.split(", "))
    if kind == AccessKind.GROUP_CLOSED and (found := COUNT.fullmatch(detail)):
        return _("%(count)s échanges terminés ensemble") % {"count": found[2]}
    if kind in {AccessKind.CAPTURE_ORIGINAL, AccessKind.CAPTURE_LOCKED} and (found := CAPTURE.fullmatch(detail)):
        if found[2]:
            return _("capture n° %(number)s, SHA-256 %(digest)s") % {"number": found[1], "digest": found[2]}
        return _("capture n° %(number)s %(act)s") % {"number": found[1], "act": CAPTURE_ACTS[found[3]]}
    if kind == AccessKind.OPENING and (found := OPENING.fullmatch(detail)):
        return _opening(*found.groups())
    if kind == AccessKind.APPROVAL and (found := APPROVAL.fullmatch(detail)):
        return _approval(*found.groups())
    if kind == AccessKind.PAPER and (found := PART.fullmatch(detail)):
        return _("PDF : échange et dossier, partie %(number)s sur %(count)s") % {"number": found[1], "count": found[2]}
    if kind in {AccessKind.PAPER, AccessKind.TRANSMISSION, AccessKind.COPY} and (found := ARCHIVE.fullmatch(detail)):
        return _("%(what)s, SHA-256 de sa liste %(digest)s") % {"what": in_words(kind, found[1]), "digest": found[2]}
    if kind == AccessKind.EXPORT and (found := DAYS.fullmatch(detail)):
        return _("%(count)s derniers jours") % {"count": found[1]}
    if kind == AccessKind.EXPORT and (found := FROM_TO.fullmatch(detail)):
        return _("du %(first)s au %(last)s") % {"first": _day(found[1]), "last": _day(found[2])}
    words = WORDS.get(kind, {})
    if kind in {AccessKind.FREEZE, AccessKind.ON_CALL} and (found := UNTIL.fullmatch(detail)) and found[1] in words:
        return _("%(act)s, jusqu'au %(day)s") % {"act": words[found[1]], "day": _day(found[2])}
    return str(words.get(detail, detail))


def removed_in_words(name: str) -> str:
    """Return in words what was deleted, given its name in the code."""
    return str(REMOVED.get(name, name))


def _removed(part: str) -> str:
    found = COUNT.fullmatch(part)
    return _("%(what)s : %(count)s") % {"what": removed_in_words(found[1]), "count": found[2]} if found else part


def _opening(request: str, act: str, field: str) -> str:
    """Say a detail of an identity disclosure. Its version and browser are left out; the line itself has them."""
    told: dict[str, object] = {
        "act": ACTS[Act(act)] if act in Act else _("Demande lue") if act == "read" else act,
        "field": OpeningField(field).label if field in OpeningField else field,
        "request": request,
    }
    return _("%(act)s ; %(field)s ; demande %(request)s") % told


def _approval(state: str, number: str, asker: str | None, fields: str) -> str:
    told = {"act": APPROVALS[state], "number": number, "fields": fields}
    words = _("%(act)s, proposition %(number)s : %(fields)s") % told
    return words if asker is None else _("%(act)s ; proposé par le compte %(asker)s") % {"act": words, "asker": asker}


def _day(text: str) -> str:
    """Return an ISO date as French writes it; any other text unchanged."""
    try:
        return dates.format_date(date.fromisoformat(text), "j F Y")
    except ValueError:
        return text
