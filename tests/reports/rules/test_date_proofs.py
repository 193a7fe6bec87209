"""A correct proof holds, and whatever is altered in a proof is named."""

import json
from datetime import UTC, date, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.rules import date_proofs
from reports.rules.date_proofs import Statement
from tests.reports.rules import proof_corpus as corpus


def test_whole_proof_says_what_existed_and_when():
    verdict = date_proofs.verify(corpus.proof().as_json())
    assert verdict.is_whole and verdict.is_dated and verdict.failed is None
    assert verdict.item is not None and verdict.item["text"].startswith("Il m'a écrit « t'es finie » 😀")
    assert verdict.day == corpus.DAY
    assert [(stamp.authority, stamp.ok, stamp.trusted) for stamp in verdict.stamps] == [
        ("Première", True, None),
        ("Seconde", True, None),
    ]
    for stamp in verdict.stamps:
        assert stamp.at is not None and abs(stamp.at - datetime.now(UTC)) < timedelta(hours=1)


def test_corpus_each_altered_part_is_named(tried):
    wrong = []
    cases = list(corpus.cases())
    for case in cases:
        verdict = date_proofs.verify(case.text, content=case.content, trusted=case.trusted)
        if verdict.failed != case.failed:
            wrong.append((case.name, case.failed, verdict.failed))
        assert not (case.failed and verdict.is_dated)
    assert not wrong
    tried("altered proofs", len(cases))


def test_proof_without_a_stamp_is_whole_and_not_dated():
    values = json.loads(corpus.proof().as_json())
    verdict = date_proofs.verify(corpus.changed(values, stamps=[]))
    assert verdict.is_whole and not verdict.is_dated


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")  # of an altered certificate
@settings(max_examples=150)
@given(st.data())
def test_no_altered_sign_goes_unseen(data):
    """Wherever one sign of the file is changed, it is another file or it does not hold."""
    whole = corpus.proof().as_json()
    place = data.draw(st.integers(0, len(whole) - 1))
    sign = data.draw(st.sampled_from('0123456789abcdef"{}[]:, \n/+=AZ'))
    altered = whole[:place] + sign + whole[place + 1 :]
    verdict = date_proofs.verify(altered)
    try:
        is_same = json.loads(altered) == json.loads(whole)
    except ValueError:
        is_same = False
    assert verdict.is_whole == is_same


def test_half_a_character_is_judged_as_any_other_alteration():
    """One changed sign makes of an escaped pair a lone half, for which UTF-8 has no bytes."""
    whole = corpus.proof().as_json()
    altered = whole.replace("\\\\ude00", "\\ude00")
    assert altered != whole and "\ude00" in json.loads(altered)["item"]
    verdict = date_proofs.verify(altered)
    assert not verdict.is_whole and not date_proofs.verify(altered, content=b"x").is_whole


@given(st.text(max_size=200) | st.binary(max_size=200).map(repr))
def test_any_text_is_judged_and_nothing_is_raised(text):
    assert date_proofs.verify(text).failed == "format"


def test_statement_is_read_from_its_only_text():
    statement = Statement(date(2026, 11, 27), 3, "ab" * 32, date_proofs.FIRST)
    assert Statement.parse(statement.text) == statement
    for wrong in (statement.text + " ", statement.text.replace('"size":3', '"size":true'), "{}", "[]", ""):
        with pytest.raises(ValueError):
            Statement.parse(wrong)


# --- the command ------------------------------------------------------------------------------------------------------


def verified(path, *arguments):
    out, err = StringIO(), StringIO()
    status = 0
    try:
        call_command("verify_proof", str(path), *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        status = int(ended.code or 0)
    return status, out.getvalue(), err.getvalue()


def test_command_says_what_holds_and_what_does_not(tmp_path):
    """It needs no database: this test has none."""
    file = tmp_path / "message-12.preuve.json"
    file.write_text(corpus.proof().as_json())
    values = json.loads(file.read_text())
    status, out, _err = verified(file)
    assert status == 0
    assert "un message" in out and "20/11/2026" in out and "Première" in out
    assert values["stamps"][0]["fingerprint"] in out
    assert "finie" not in out, "what somebody wrote stays in the file"
    colons = ":".join([values["stamps"][0]["fingerprint"].upper()])
    assert verified(file, "--trust", colons, "--trust", values["stamps"][1]["fingerprint"])[0] == 0
    status, _out, err = verified(file, "--trust", "0" * 64)
    assert status == 1 and "n'est pas de l'autorité attendue" in err
    file.write_text(corpus.changed(values, salt="0" * 64))
    status, _out, err = verified(file)
    assert (status, err) == (1, "Ne tient pas : le sel a été modifié.\n")
    file.write_text(corpus.changed(values, stamps=[]))
    status, out, _err = verified(file)
    assert status == 2 and "Aucune autorité" in out
