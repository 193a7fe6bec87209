"""The plan of a deletion, its proof, and what is done after a restore."""

import json
import uuid
from datetime import date, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, transaction
from django.utils import timezone

from chat.models import Conversation
from reports.actions import (
    answer_erasure,
    ask_erasure,
)
from reports.audit import log as audit_log
from reports.models import (
    AccessRecord,
    Erased,
    ErasureRequest,
    Report,
    Tombstone,
)
from reports.retention import tombstones
from tests.chat.retention.acts import freeze, run
from tests.factories import chat as make

pytestmark = pytest.mark.django_db


# --- plan and proof ---------------------------------------------------------------------------------------------------


def test_plan_says_what_why_and_when(chief):
    due, grace = make.age(make.closed(), days=366), make.age(make.closed(), days=340)
    soon, recent = make.age(make.closed(), days=320), make.closed()
    frozen = make.age(make.closed(), days=366)
    freeze(frozen, chief)
    plan = {item["subject"]: item for item in json.loads(run("--plan", "--json"))}
    states = {subject: item["state"] for subject, item in plan.items()}
    expected = {due: "due", grace: "grace", soon: "ending", frozen: "frozen"}
    assert states == {str(one.report.public_id): state for one, state in expected.items()}
    assert plan[str(grace.report.public_id)]["rule"] == "335+30"
    text = run("--plan")
    assert str(recent.report.public_id) not in text
    assert "1 à supprimer maintenant, 3 annoncé(s)." in text
    assert Report.objects.count() == 5


def test_proof_of_a_month(chief):
    for _ in range(2):
        make.age(make.closed(), days=366)
    asked = make.closed()
    ask_erasure(report_id=asked.report_id)
    answer_erasure(report_id=asked.report_id, by=chief, is_granted=True)
    make.age(asked, days=8)
    ErasureRequest.objects.update(answered_at=make.long_ago(8 * 24 * 60))
    run()
    month = f"{timezone.localdate():%Y-%m}"
    text = run("--proof", month)
    assert "Signalements supprimés : 3" in text
    assert "2 – Signalement et échange ; règle 335+30 jours ; Terme de la conservation" in text
    assert "1 – Signalement et échange ; règle 30+7 jours ; Effacement demandé et accordé" in text
    assert "concorde avec les traces. Registre entier." in text and "provisoire" in text
    last = AccessRecord.objects.first()
    assert f"{last.number}:{last.digest}" in text
    assert "Signalements supprimés : 0" in run("--proof", "2001-01")


@pytest.mark.parametrize("touch", ["remove", "add"])
def test_proof_sees_a_tombstone_that_was_touched(touch):
    make.age(make.closed(), days=366)
    run()
    if touch == "remove":
        Tombstone.objects.all().delete()
    else:
        Tombstone.objects.create(kind="exchange", month=Tombstone.objects.get().month, rule="1+0", cause="term")
    with pytest.raises(CommandError):
        run("--proof", f"{timezone.localdate():%Y-%m}")


@pytest.mark.parametrize("detail", ["quelques-uns", "reports: beaucoup", "", "reports: 1, ", "reports: ٣"])
def test_proof_is_made_whatever_somebody_put_into_the_register(detail):
    """The role of the web processes may add a false line: it is named, and keeps nobody from the rest."""
    make.age(make.closed(), days=366)
    run()
    with transaction.atomic():
        audit_log.record(kind="retention", by=None, motive="term", detail=detail)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("retention", "--proof", f"{timezone.localdate():%Y-%m}", stdout=out, stderr=out)
    assert "Signalements supprimés : 1" in out.getvalue() and "ILLISIBLES : 1 ligne(s)" in out.getvalue()


def test_proof_digest_follows_the_tombstones():
    make.age(make.closed(), days=366)
    run()
    month = f"{timezone.localdate():%Y-%m}"
    before = run("--proof", month).splitlines()[-1]
    Tombstone.objects.update(rule="1+1")
    assert run("--proof", month).splitlines()[-1] != before


@pytest.mark.parametrize(
    "wrong", [["--proof", "novembre"], ["--proof", "2026-13"], ["--json"], ["--to", "x"], ["--uncounted"]]
)
def test_command_refuses_what_it_does_not_understand(wrong):
    with pytest.raises(CommandError):
        run(*wrong)


# --- after a restore --------------------------------------------------------------------------------------------------


def test_replay_forgets_again_what_a_backup_brought_back(chief, tmp_path):
    back, frozen, other = make.closed(), make.closed(), make.closed()
    freeze(frozen, chief)
    then = timezone.localdate() - timedelta(days=3)
    tombstones.keep_digests([back.report.public_id, frozen.report.public_id, uuid.uuid4()], on=then)
    kept_elsewhere = tmp_path / "effaces"
    kept_elsewhere.write_text(told := run("--erased"))
    Erased.objects.all().delete()  # the backup does not know of it
    assert "1 signalement(s) effacé(s) de nouveau, 1 gelé(s), sur 3" in run("--replay", str(kept_elsewhere))
    assert set(Conversation.objects.all()) == {frozen, other}
    assert str(back.report.public_id) not in kept_elsewhere.read_text()
    assert run("--erased") == told, "the list of the next day has what is frozen or not here, with its date"
    assert "0 signalement(s)" in run("--replay", str(kept_elsewhere))


def test_list_of_erasures_is_put_into_a_file_and_forgets_nothing_too_early(tmp_path, monkeypatch):
    """The database is lost at three, and an empty or older one is there when the list is written at four."""
    today = timezone.localdate()
    tombstones.keep_digests([uuid.uuid4(), uuid.uuid4()], on=today)
    path = tmp_path / "effaces"
    assert "2 empreinte(s) gardée(s), dont 0 que" in run("--erased", "--to", str(path))
    whole = path.read_text()
    assert whole == run("--erased") and whole.endswith("\nfin 2\n") and path.stat().st_mode & 0o077 == 0
    Erased.objects.all().delete()
    assert "2 empreinte(s) gardée(s), dont 2 que" in run("--erased", "--to", str(path))
    assert path.read_text() == whole
    tombstones.keep_digests([uuid.uuid4()], on=today)
    run("--erased", "--to", str(path))
    assert path.read_text().endswith("\nfin 3\n") and set(whole.splitlines()[:2]) < set(path.read_text().splitlines())

    def lost():
        raise OperationalError

    monkeypatch.setattr(tombstones, "read_marks", lost)
    before = path.read_text()
    with pytest.raises(OperationalError):
        run("--erased", "--to", str(path))
    assert path.read_text() == before and list(tmp_path.iterdir()) == [path]


def test_list_of_erasures_forgets_what_the_rule_forgets(tmp_path):
    tombstones.keep_marks({"0" * 64: date(2001, 1, 1)})
    path = tmp_path / "effaces"
    run("--erased", "--to", str(path))
    assert path.read_text().count("\n") == 2
    run()
    run("--erased", "--to", str(path))
    assert path.read_text() == "fin 0\n"


def test_file_that_is_no_list_is_not_replaced(tmp_path):
    path = tmp_path / "effaces"
    path.write_text("ceci n'est pas une liste")
    with pytest.raises(CommandError, match="n'est pas une liste entière"):
        run("--erased", "--to", str(path))
    with pytest.raises(CommandError, match="FileNotFoundError"):
        run("--erased", "--to", str(tmp_path / "absent" / "effaces"))
    assert path.read_text() == "ceci n'est pas une liste" and list(tmp_path.iterdir()) == [path]


def test_replay_refuses_a_list_that_is_empty_cut_or_uncounted(tmp_path):
    tombstones.keep_digests([uuid.uuid4(), uuid.uuid4()], on=timezone.localdate())
    first, second, end = run("--erased").splitlines()
    path = tmp_path / "effaces"
    for lines in ([], [first], [first, second], [first, end], [first, second[:70], end]):
        path.write_text("\n".join(lines))
        with pytest.raises(CommandError, match="liste entière"):
            run("--replay", str(path))
    path.write_text("fin 0\n")
    with pytest.raises(CommandError, match="vide"):
        run("--replay", str(path))
    path.write_text("")
    with pytest.raises(CommandError, match="vide"):
        run("--replay", str(path), "--uncounted")
    path.write_text(f"{first}\n{second}\n")
    assert "sur 2 empreinte(s)" in run("--replay", str(path), "--uncounted")


def test_replay_says_that_it_cannot_read_its_list(tmp_path):
    with pytest.raises(CommandError, match="FileNotFoundError"):
        run("--replay", str(tmp_path / "nothing"))


def test_replay_refuses_another_file(tmp_path):
    wrong = tmp_path / "liste"
    wrong.write_text("ceci n'est pas une liste")
    with pytest.raises(CommandError):
        run("--replay", str(wrong))
