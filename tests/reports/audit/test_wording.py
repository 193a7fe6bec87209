"""« Précision » of the audit log: French on screen, and in the chain as it was written."""

import re

import pytest
from django.conf import settings

from pnav.accounts.models import Role
from reports.actions import answer_erasure, ask_erasure, lift_freeze, set_freeze
from reports.audit import log as audit_log
from reports.audit.wording import REMOVED, in_words
from reports.models import AccessRecord
from reports.rules.openings import Act
from tests.accounts.cast import make_user, sign_in
from tests.accounts.conftest import _limits_of_this_test_alone  # noqa: F401  fixtures of a sign-in
from tests.chat.retention.acts import freeze
from tests.factories import chat as make

DIGEST = "0123456789abcdef" * 4
ID = "d13c12d1-ef56-4c5c-bbee-04e8436466ee"


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("erasure", "asked", "demandée"),
        ("erasure", "granted", "accordée"),
        ("erasure", "refused", "refusée"),
        ("freeze", "asked, until 2027-03-02", "demandé, jusqu'au 2 mars 2027"),
        ("freeze", "set, until 2027-03-02", "posé, jusqu'au 2 mars 2027"),
        ("freeze", "lifted", "levé"),
        ("freeze", "declined", "refusé"),
        ("retention", "reports: 2", "signalements : 2"),
        ("retention", "resume_codes: 1, sessions: 4", "codes de reprise : 1, visites et sessions : 4"),
        ("search", "unknown", "rien de connu du registre"),
        ("export", "csv", "tableur (CSV)"),
        ("export", "csv, a part", "tableur (CSV), une partie"),
        ("export", "30 days", "30 derniers jours"),
        ("export", "2026-01-01 to 2026-02-01", "du 1er janvier 2026 au 1er février 2026"),
        ("paper", "pdf: transcript and file", "PDF : échange et dossier"),
        (
            "paper",
            f"archive: transcript and file, sha256 {DIGEST}",
            f"archive vérifiable : échange et dossier, SHA-256 de sa liste {DIGEST}",
        ),
        (
            "transmission",
            f"archive: dossier, sha256 {DIGEST}",
            f"archive vérifiable : dossier de l'unité, SHA-256 de sa liste {DIGEST}",
        ),
        ("copy", f"copy, sha256 {DIGEST}", f"copie, SHA-256 de sa liste {DIGEST}"),
        ("copy", "copy, sha256 beaucoup", "copy, sha256 beaucoup"),
        ("paper", "pdf: transcript and file, part 2 of 3", "PDF : échange et dossier, partie 2 sur 3"),
        (
            "opening",
            f"{ID}: show, name 7, 85bf",
            "Réponse lue, puis effacée ; Nom laissé par la personne ; demande d13c12d1",
        ),
        (
            "opening",
            f"{ID}: read, name 17, on the spot",
            "Demande lue ; Nom laissé par la personne ; demande d13c12d1",
        ),
        # What the code does not write is shown as it is, because the end of the log may contain anything.
        ("erasure", "quelque chose", "quelque chose"),
        ("freeze", "set, until 9999-99-99", "posé, jusqu'au 9999-99-99"),
        ("freeze", "burnt, until 2027-03-02", "burnt, until 2027-03-02"),
        ("retention", "reports: beaucoup, x", "reports: beaucoup, x"),
        ("opening", f"{ID}: burn, soul 17, on the spot", "burn ; soul ; demande d13c12d1"),
        ("export", "2026-01-01 to 2026-02-99", "du 1er janvier 2026 au 2026-02-99"),
        ("reading", "30 days", "30 days"),
        ("opening", "rien", "rien"),
        ("admin_change", "nom, prénom", "nom, prénom"),
    ],
)
def test_detail_in_words(kind, detail, words):
    assert in_words(kind, detail) == words


def test_every_act_of_an_opening_has_words():
    for act in Act:
        assert not in_words("opening", f"{ID}: {act}, name 1, on the spot").startswith(f"{act} ")


@pytest.mark.django_db
def test_what_the_code_writes_of_keeping_is_read_in_french(client):
    """Each act is read as it is really written, in the admin's list; in the chain it stays as it was hashed."""
    chief, agent, conversation = make.agent(role=Role.SUPERVISOR), make.agent(), make.closed()
    first = freeze(conversation, agent.user)
    set_freeze(report_id=conversation.report_id, by=chief.user, asked_at=first.asked_at)
    lift_freeze(report_id=conversation.report_id, by=chief.user, asked_at=first.asked_at)
    ask_erasure(report_id=conversation.report_id)
    answer_erasure(report_id=conversation.report_id, by=chief.user, is_granted=True)
    written = list(AccessRecord.objects.order_by("number").values_list("detail", flat=True))
    assert [detail.partition(",")[0] for detail in written] == ["asked", "set", "lifted", "asked", "granted"]
    make_user("chef", Role.ADMINISTRATOR, totp=True)
    sign_in(client, "chef")
    page = client.get("/admin/reports/accessrecord/").text
    shown = [cell.strip() for cell in re.findall(r'field-told_detail">([^<]*)<', page)]
    assert shown[-5:-3] == ["accordée", "demandée"] and shown[-3] == "levé"
    assert shown[-2].startswith("posé, jusqu") and shown[-1].startswith("demandé, jusqu")
    assert audit_log.verify(audit_log.read_lines()).is_whole


def test_everything_that_a_run_removes_has_words():
    """The names are read from the calls in the code: `record_removal(name=…)` and `forget_rows(…, name="…")`."""
    names: set[str] = set()
    for room in ("reports", "chat", "pnav"):
        for path in (settings.BASE_DIR / room).rglob("*.py"):
            text = path.read_text()
            for call in re.findall(r"record_removal\(([^)]*)", text):
                names |= set(re.findall(r"(?:^|, )(\w+)=", call))
            names |= set(re.findall(r'forget_rows\(.*name="(\w+)"\)', text))
    assert {"reports", "sessions", "opinions", "openings_and_steps"} <= names
    assert names <= set(REMOVED)
