"""The models of the impact assessment and of the accreditation file say what the code does, and that they are
models.
"""

import re

import pytest

from pnav.version import VERSION
from reports.rules.retention import DEFAULTS, Kind
from tests.docs.names import ROOT
from tests.docs.test_decisions import decisions

FOLDER = ROOT / "docs/models"
ASSESSMENT = (FOLDER / "analyse-d-impact.md").read_text()
# In the words of the table « Les données, leur support, leur fin ».
ROWS = {
    Kind.EXCHANGE: "Messages, réponses",
    Kind.REPORT: "Signalement sans échange",
    Kind.OPINION: "Avis sur le service",
    Kind.ERASURE: "Demandes d'effacement",
    Kind.OPENING: "Demandes de levée",
}


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_model_says_that_it_is_one_and_what_is_left_to_decide(path):
    text = path.read_text()
    assert text.startswith("# Modèle : ") and "**Ceci est un modèle.**" in text.split("\n\n")[1]
    assert text.count("[") - text.count("](") > 20, "what belongs to whoever decides stands in brackets"
    assert VERSION in text


@pytest.mark.parametrize("kind", ROWS)
def test_terms_are_those_of_a_new_installation(kind):
    (row,) = [line for line in ASSESSMENT.splitlines() if line.startswith(f"| {ROWS[kind]}")]
    end = row.rstrip(" |").rpartition(" | ")[2]
    rule = DEFAULTS[kind]
    days = [int(number) * (365 if unit == "ans" else 1) for number, unit in re.findall(r"(\d+) (jours|ans)", end)]
    assert days == [rule.days, *([rule.grace_days] if rule.grace_days else [])], end


def test_decisions_that_are_named_exist():
    known = set(decisions())
    for path in FOLDER.iterdir():
        for listed in re.findall(r"ADR ((?:\d{4}(?:, )?)+)", path.read_text()):
            assert set(re.findall(r"\d{4}", listed)) <= known, path.name
