"""The versions of the questionnaire in the admin: written, looked at and published; by whom, and with which lines in
the audit log.
"""

import json
from collections.abc import Callable
from html import unescape

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common.offload import pool
from pnav.accounts.models import Role
from reports.models import AccessRecord
from tests.accounts.cast import give_session, make_user, sign_in
from tests.accounts.test_audited_admin import Fields
from tests.accounts.test_reauthentication import age, is_asked
from tests.factories import triage as make
from triage import versions
from triage.admin import QuestionnaireVersionAdmin
from triage.editing import walking
from triage.editing.walk import Walk
from triage.models import QuestionnaireVersion, State
from triage.questionnaire import document
from triage.questionnaire.results import BUILT_IN

pytestmark = pytest.mark.django_db
LIST = "/admin/triage/questionnaireversion/"


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def url(row: QuestionnaireVersion, page: str, *more: str) -> str:
    return reverse(f"admin:triage_questionnaireversion_{page}", args=[row.pk, *more])


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.headers
    return unescape(answer.text)


def sent(client: Client, address: str, **changes: str) -> dict[str, list[str]]:
    """Return what a browser sends of the largest form of this page, with these changes."""
    fields = Fields(client.get(address).text).largest
    return fields | {name.replace("__", "-"): [value] for name, value in changes.items()}


def lines() -> list[tuple[str, str, str]]:
    return list(AccessRecord.objects.order_by("number").values_list("kind", "subject", "detail"))


def subject(row: QuestionnaireVersion) -> str:
    return f"triage.QuestionnaireVersion {row.pk}"


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_new_version_begins_as_a_copy_of_the_one_in_force(client, chief):
    answer = client.post(f"{LIST}add/", {"source": "code", "note": "Première"})
    first = QuestionnaireVersion.objects.get()
    assert answer.headers["Location"] == url(first, "change")
    assert (first.state, first.based_on, first.author_id) == (State.DRAFT, None, chief.pk)
    assert first.document == document.dump(BUILT_IN) and [line[:2] for line in lines()] == [
        ("admin_add", subject(first))
    ]
    current = make.published(make.screen_says("Autre texte ?"))
    assert f'value="{current.pk}" selected' in read(client, f"{LIST}add/")
    client.post(f"{LIST}add/", {"source": str(current.pk), "note": "Copie"})
    copy = QuestionnaireVersion.objects.latest("number")
    assert copy.based_on == current.pk and copy.document == current.document


def test_sentence_that_a_lawyer_has_yet_to_read_is_marked(client, chief):
    client.post(f"{LIST}add/", {"source": "code", "note": "Première"})
    shown = read(client, url(QuestionnaireVersion.objects.get(), "change"))
    marked = shown[shown.index('id="to-verify"') :].partition("</section>")[0]
    assert "N'enregistrez pas et n'envoyez pas l'image" in marked and "À relire par un juriste" in marked


def test_question_is_edited_in_a_form_and_nobody_sees_it_yet(client, chief):
    row = make.draft()
    where = url(row, "part", "question", "screen")
    answer = client.post(where, sent(client, where, text__vous__fr="Un regard  sur\nvotre écran ?"))
    assert answer.headers["Location"] == url(row, "change")
    row.refresh_from_db()
    assert make.question(row.document, "screen")["text"]["vous"]["fr"] == "Un regard sur votre écran ?"
    assert row.revision == 1
    assert lines() == [("admin_change", subject(row), "Question screen")]
    assert LogEntry.objects.get().user_id == chief.pk
    assert "Question screen" in read(client, url(row, "history"))
    assert "Un regard" not in read(client, reverse("triage:start"))


@pytest.mark.parametrize(
    "kind_and_key", [("question", "facts"), ("regle", "6"), ("urgence", "tout"), ("resultat", "chat")]
)
def test_form_sent_as_it_is_changes_nothing(client, chief, kind_and_key):
    row = make.draft()
    where = url(row, "part", *kind_and_key)
    assert client.post(where, sent(client, where)).status_code == 302
    before = row.document
    row.refresh_from_db()
    assert row.document == before


def test_error_is_beside_its_field_and_nothing_is_lost(client, chief):
    row = make.draft()
    where = url(row, "part", "question", "screen")
    fields = sent(client, where, text__vous__fr="", help__vous__fr="Tapé à la main")
    answer = client.post(where, fields)
    page = unescape(answer.text)
    assert answer.status_code == 200 and "Tapé à la main" in page
    assert page.index("Écrivez ce texte.") < page.index('id="id_text-vous-fr"') and "autofocus" in page
    row.refresh_from_db()
    assert row.revision == 0 and not lines()


def test_question_is_added_asked_where_it_was_said_and_taken_away(client, chief):
    row = make.draft()
    where = url(row, "part", "question", "nouvelle")
    fields = sent(
        client, where, **{"text__vous__fr": "Depuis longtemps ?", "place": "6", "when-0": "facts:page"},
        options__0__label__vous__fr="Oui", options__1__label__vous__fr="Non",
    )  # fmt: skip
    fields |= {"options-0-ORDER": ["1"], "options-1-ORDER": ["2"]}
    client.post(where, fields)
    row.refresh_from_db()
    added = row.document["questions"][5]
    assert (added["id"], added["slug"], added["asked_when"]) == ("q1", "precision-13", [{"facts": ["page"]}])
    assert [one["value"] for one in added["options"]] == ["o1", "o2"]
    assert versions.checked(row).problems == ()
    page = url(row, "part", "question", "q1")
    client.post(page, sent(client, page, _delete="1"))
    row.refresh_from_db()
    assert row.document == make.written()


def test_question_moved_before_what_it_depends_on_is_said_there_and_not_published(client, chief):
    row = make.draft()
    where = url(row, "part", "question", "author")
    answer = client.post(where, sent(client, where, place="3"), follow=True)
    page = unescape(answer.text)
    assert answer.redirect_chain[-1][0] == where and "qui est posée plus loin" in page
    assert "à corriger avant de publier" in read(client, url(row, "change"))
    row.refresh_from_db()
    client.post(url(row, "publish"), {"revision": row.revision, "instead_of": ""})
    row.refresh_from_db()
    assert row.state == State.DRAFT


def test_revision_that_comes_while_it_is_judged_is_not_published(client, chief, monkeypatch):
    """Whether a second person must agree was judged of one revision, and the next one came into force."""
    row = make.draft()
    judged = QuestionnaireVersionAdmin.reasons_to_wait

    def meanwhile(read: QuestionnaireVersion) -> list[str]:
        reasons = judged(read)
        QuestionnaireVersion.objects.filter(pk=row.pk).update(revision=row.revision + 1)
        return reasons

    monkeypatch.setattr(QuestionnaireVersionAdmin, "reasons_to_wait", staticmethod(meanwhile))
    client.post(url(row, "publish"), {"revision": row.revision + 1, "instead_of": ""})
    row.refresh_from_db(fields=["state"])
    assert row.state == State.DRAFT


def test_two_people_edit_one_draft(client, chief):
    row = make.draft()
    where = url(row, "part", "question", "screen")
    fields = sent(client, where, text__vous__fr="Le mien ?")
    other = url(row, "part", "resultat", "chat")
    client.post(other, sent(client, other, title__vous__fr="Le sien"))
    answer = client.post(where, fields)
    page = unescape(answer.text)
    assert "Quelqu'un a modifié ce brouillon" in page and "Le mien ?" in page
    client.post(where, Fields(answer.text).largest)
    row.refresh_from_db()
    assert make.question(row.document, "screen")["text"]["vous"]["fr"] == "Le mien ?"
    assert row.document["results"]["chat"]["title"]["vous"]["fr"] == "Le sien"


def saved_by_another(row: QuestionnaireVersion, change: Callable[[dict], object]) -> dict:
    """Save this change of a draft as a colleague does, and return the document."""
    row.refresh_from_db()
    change(row.document)
    row.write(row.document)
    row.save()
    return row.document


def assert_only_told(answer, row: QuestionnaireVersion, kept: dict, *words: str) -> None:
    """Check that the page says that somebody was quicker, with these words, and that there is nothing to press."""
    page = unescape(answer.text)
    assert answer.status_code == 200 and "ce que vous modifiiez. Rien n'est enregistré." in page
    assert 'name="_save"' not in page and 'name="_delete"' not in page and 'name="document"' not in page
    unsaved = page.partition('id="unsaved"')[2].partition("</textarea>")[0]
    assert [word for word in words if word not in unsaved] == []
    row.refresh_from_db()
    assert row.document == kept


@pytest.mark.parametrize("pressed", ["_save", "_delete", "_preview"])
@pytest.mark.parametrize("number", ["3", "last"])
def test_rule_that_is_another_meanwhile_is_neither_replaced_nor_taken_away(client, chief, number, pressed):
    """A colleague takes rule 2 away, so that what was rule 4 has the address of rule 3, and the last one has none."""
    row = make.draft()
    where = url(row, "part", "regle", number if number == "3" else str(len(row.document["decisions"])))
    fields = sent(client, where, outcome="33700")
    kept = saved_by_another(row, lambda made: made["decisions"].pop(1))
    assert_only_told(client.post(where, fields | {pressed: ["fr"]}), row, kept)


def test_sentence_that_both_wrote_stays_as_the_first_saved_it(client, chief):
    row = make.draft()
    where = url(row, "part", "question", "screen")
    fields = sent(client, where, text__vous__fr="Le  mien ?")
    kept = saved_by_another(row, make.screen_says("Le sien ?"))
    answer = client.post(where, fields)
    assert_only_told(answer, row, kept, "Le mien ?")
    assert "Le sien ?" not in unescape(answer.text)


def test_question_before_which_one_was_taken_away_stays_at_its_place(client, chief):
    """Its place is a number, which the page sent again: the question went behind the next one."""
    row = make.draft()
    where = url(row, "part", "question", "author")
    fields = sent(client, where)
    kept = saved_by_another(row, lambda made: made["questions"].remove(make.question(made, "sms_kind")))
    assert_only_told(client.post(where, fields), row, kept)


def test_question_that_a_colleague_took_away_gives_back_what_was_written(client, chief):
    row = make.draft()
    where = url(row, "part", "question", "sms_kind")
    fields = sent(client, where, text__vous__fr="Perdu ?")
    kept = saved_by_another(row, lambda made: made["questions"].remove(make.question(made, "sms_kind")))
    assert_only_told(client.post(where, fields), row, kept, "Perdu ?")
    assert client.get(where).status_code == 404


@pytest.mark.parametrize("way", ["moved", "added"])
@pytest.mark.parametrize("pressed", ["_save", "_preview"])
def test_reasons_that_moved_meanwhile_keep_their_words(client, chief, way, pressed):
    """Words are bound to conditions by their place, which only the document as JSON changes."""
    row = make.draft()
    where = url(row, "part", "resultat", "chat")
    fields = sent(client, where, title__vous__fr="Un autre titre")

    def change(made: dict) -> None:
        groups = made["results"]["chat"]["reasons"]
        if way == "moved":
            groups.reverse()
        else:
            groups.append([{"text": {"vous": {"fr": "En plus.", "en": ""}}, "when": [{"danger": ["no"]}]}])

    kept = saved_by_another(row, change)
    assert_only_told(client.post(where, fields | {pressed: ["fr"]}), row, kept, "Un autre titre")


def test_document_that_somebody_changed_meanwhile_is_not_replaced(client, chief):
    """The page came back with the number of the old revision, so that nothing could ever be saved from it."""
    row = make.draft()
    where = url(row, "document")
    mine = json.dumps(make.written(make.screen_says("Le mien ?")))
    kept = saved_by_another(row, lambda made: made["results"]["chat"]["title"]["vous"].update(fr="Le sien"))
    assert_only_told(client.post(where, {"revision": "0", "document": mine}), row, kept, "Le mien ?")
    assert_only_told(client.post(where, {"revision": "0", "document": "{"}), row, kept, "{")
    fields = sent(client, where)
    fields["document"] = [fields["document"][0].replace("Le sien", "Les deux")]
    assert client.post(where, fields).status_code == 302
    row.refresh_from_db()
    assert row.document["results"]["chat"]["title"]["vous"]["fr"] == "Les deux"


def locks(sql: str) -> bool:
    return "pg_advisory" in sql or "FOR UPDATE" in sql or sql.startswith(("UPDATE", "INSERT"))


def test_nothing_is_locked_while_all_paths_are_walked(client, chief, monkeypatch):
    """Everybody who writes a line of the register waited for the child process, up to 40 seconds."""
    row = make.draft()
    where = url(row, "part", "question", "screen")
    fields = sent(client, where, text__vous__fr="Suivie avant ?")
    walked: list[list[str]] = []

    def walk(written: dict) -> Walk:
        assert make.question(written, "screen")["text"]["vous"]["fr"] == "Suivie avant ?"
        walked.append([one["sql"] for one in queries.captured_queries])
        return Walk(problems=())

    monkeypatch.setattr(walking, "walk_in_child", walk)
    with CaptureQueriesContext(connection) as queries:
        assert client.post(where, fields).status_code == 302
    [before] = walked
    after = [one["sql"] for one in queries.captured_queries[len(before) :]]
    assert before and not list(filter(locks, before)) and len(list(filter(locks, after))) > 2


def test_draft_that_is_saved_while_all_paths_are_walked_is_not_overwritten(client, chief, monkeypatch):
    row = make.draft()
    where = url(row, "part", "question", "screen")
    theirs, mine = (sent(client, where, text__vous__fr=words) for words in ("La première ?", "Trop tard ?"))
    waiting = [theirs]

    def walk(written: dict) -> Walk:
        if waiting:
            assert client.post(where, waiting.pop()).status_code == 302
        return Walk(problems=())

    monkeypatch.setattr(walking, "walk_in_child", walk)
    answer = client.post(where, mine)
    row.refresh_from_db()
    assert make.question(row.document, "screen")["text"]["vous"]["fr"] == "La première ?" and row.revision == 1
    assert_only_told(answer, row, row.document, "Trop tard ?")
    assert len(lines()) == 1


@pytest.mark.parametrize("pressed", ["_save", "_preview"])
def test_part_that_no_document_holds_comes_back_with_the_reason(client, chief, pressed):
    """It was an error of the server."""
    row = make.draft()
    where = url(row, "part", "resultat", "chat")
    fields = sent(client, where)
    fields |= {f"prepare-{number}-DELETE": ["on"] for number in range(int(fields["prepare-INITIAL_FORMS"][0]))}
    answer = client.post(where, fields | {pressed: ["fr"]})
    assert answer.status_code == 200 and "Il faut au moins une phrase." in unescape(answer.text)
    row.refresh_from_db()
    assert row.revision == 0 and not lines()


def test_document_as_json_says_where_each_fault_is(client, chief):
    row = make.draft()
    where = url(row, "document")
    wrong = make.written(lambda made: make.question(made, "age")["text"]["vous"].update(fr=""))
    page = client.post(where, {"revision": "0", "document": json.dumps(wrong)})
    assert "Question « age », texte, vous, français : Ce texte est vide." in unescape(page.text)
    assert "ligne 1" in unescape(client.post(where, {"revision": "0", "document": "{"}).text)
    right = make.written(make.screen_says("En JSON ?"))
    assert client.post(where, {"revision": "0", "document": json.dumps(right)}).status_code == 302
    row.refresh_from_db()
    assert row.document == document.dump(document.load(right, version=""))
    assert lines() == [("admin_change", subject(row), "Document")]


# --- looking at it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("language", "shown"), [("fr", "Texte essayé ?"), ("en", "Text tried?")])
def test_preview_of_a_form_is_the_real_page_and_saves_nothing(client, chief, language, shown):
    row = make.draft()
    where = url(row, "part", "question", "screen")
    changes = {"text__vous__fr": "Texte essayé ?", "text__vous__en": "Text tried?"}
    page = unescape(client.post(where, sent(client, where, _preview=language, **changes)).text)
    assert f'id="question-text">{shown}</h1>' in page and f'<html lang="{language}"' in page
    assert "version" in page and page.count('name="answer"') == 2
    row.refresh_from_db()
    assert row.revision == 0 and not lines() and not LogEntry.objects.exists()


def test_walk_through_a_draft_in_the_real_pages(client, chief):
    row = make.draft(make.screen_says("Encore un brouillon ?"))
    where = url(row, "preview")
    answer = client.post(where, {"answer": "no"}, follow=True)
    assert "Encore un brouillon ?" in unescape(answer.text)
    answer = client.get(f"{where}?danger=yes")
    page = unescape(answer.text)
    assert 'href="tel:17"' in page and "rien n'est enregistré" in page
    assert "triage" not in client.session and not lines()


@pytest.mark.parametrize("lacking", ["witness_unknown", "witness_"])
def test_draft_that_lacks_answers_to_who_is_helped_can_be_looked_at(client, chief, lacking):
    """Its JSON may be sent without one of them, or without all of one role; then it is refused to be published."""
    made = document.dump(BUILT_IN)
    helped = make.question(made, "helped")
    helped["options"] = [one for one in helped["options"] if not one["value"].startswith(lacking)]
    row = make.draft(document=made)
    answer = client.get(f"{url(row, 'preview')}?danger=no&who=helper")
    assert answer.status_code == 200
    page = answer.text
    assert 'value="relative_unknown"' in page and 'value="witness_unknown"' not in page
    assert ('value="witness_adult"' in page) == (lacking == "witness_unknown")


def test_differences_are_said_in_words(client, chief):
    make.published()
    row = make.draft(make.screen_says("Neuf ?"))
    page = read(client, url(row, "differences"))
    assert "<ins>Neuf ?</ins>" in page and "<del>Quelqu'un peut-il voir votre écran ?</del>" in page


def test_translation_that_stays_while_its_french_changes_is_named_before_publishing(client, chief):
    def change(made) -> None:
        make.question(made, "role")["text"]["vous"]["fr"] = "Qui parle ?"

    make.published()
    row = make.draft(change)
    for view in ("differences", "publish"):
        page = read(client, url(row, view))
        assert "Traductions à revoir" in page and "question « Qui parle ? », texte, vous, anglais</li>" in page
    assert "Traductions à revoir" not in read(client, url(make.draft(make.screen_says("Neuf ?")), "differences"))


# --- publishing -----------------------------------------------------------------------------------------------------


def publish(client: Client, row: QuestionnaireVersion):
    where = url(row, "publish")
    return client.post(where, sent(client, where))


def test_publishing_is_an_act_with_its_line(client, chief, django_capture_on_commit_callbacks):
    row = make.draft(make.screen_says("Publiée ?"))
    assert "Mettre en vigueur" in read(client, url(row, "publish"))
    assert not lines()
    with django_capture_on_commit_callbacks(execute=True):
        assert publish(client, row).headers["Location"] == url(row, "change")
    row.refresh_from_db()
    assert (row.state, row.published_by_id) == (State.IN_FORCE, chief.pk) and row.published_at
    assert lines() == [("admin_change", subject(row), "Publication")]
    visitor = Client()
    visitor.post(reverse("triage:question", args=["maintenant"]), {"answer": "no"})
    assert "Publiée ?" in read(visitor, reverse("triage:question", args=["autour"]))


def test_published_version_is_never_changed_nor_deleted(client, chief):
    row = make.published()
    for address in (url(row, "part", "question", "age"), url(row, "delete")):
        assert client.get(address).status_code == 403
    assert client.post(url(row, "change"), {"note": "Autre"}).status_code == 403
    assert client.post(url(row, "document"), {"revision": "0", "document": "{}"}).status_code == 403
    assert "Nouvelle version à partir de celle-ci" in read(client, url(row, "change"))
    client.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert QuestionnaireVersion.objects.filter(pk=row.pk).exists()


def test_earlier_version_comes_back(client, chief, django_capture_on_commit_callbacks):
    past = make.published(make.screen_says("La première ?"), state=State.PAST)
    current = make.published(make.screen_says("La seconde ?"))
    assert "Remettre en vigueur" in read(client, url(past, "change"))
    with django_capture_on_commit_callbacks(execute=True):
        publish(client, past)
    past.refresh_from_db()
    current.refresh_from_db()
    assert (past.state, current.state) == (State.IN_FORCE, State.PAST)
    assert versions.current().version == past.key


def test_page_read_before_another_publication_publishes_nothing(client, chief):
    row, other = make.draft(), make.draft()
    fields = sent(client, url(row, "publish"))
    publish(client, other)
    answer = client.post(url(row, "publish"), fields, follow=True)
    assert "Rien n'est publié" in unescape(answer.text)
    row.refresh_from_db()
    assert row.state == State.DRAFT


def refuse_work(*arguments, **options):
    raise pool.Busy


def test_version_that_cannot_be_verified_now_is_not_said_to_be_wrong(client, chief, monkeypatch):
    row = make.draft(make.screen_says("À publier plus tard ?"))
    fields = sent(client, url(row, "publish"))
    versions.clear()  # another process, which has not walked it yet
    with monkeypatch.context() as busy:
        busy.setattr(pool, "run", refuse_work)
        page = unescape(client.post(url(row, "publish"), fields, follow=True).text)
        assert "Rien n'est publié : la vérification n'a pas pu se faire maintenant." in page
        assert "rechargez cette page dans une minute" in page and 'value="Mettre en vigueur"' not in page
        assert "à corriger" not in page + read(client, url(row, "change"))
    row.refresh_from_db()
    assert row.state == State.DRAFT
    client.post(url(row, "publish"), fields)
    row.refresh_from_db()
    assert row.state == State.IN_FORCE


def test_walk_ends_before_the_transaction_of_its_page_is_ended():
    with connection.cursor() as cursor:
        cursor.execute("SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout'")
        [milliseconds] = cursor.fetchone()
    assert milliseconds > (pool.WAIT_SECONDS + walking.SECONDS) * 1000


def test_publishing_asks_who_it_is(client, chief):
    row = make.draft()
    fields = sent(client, url(row, "publish"))
    age(client, 16)
    assert is_asked(client.get(url(row, "publish"))) and is_asked(client.post(url(row, "publish"), fields))
    row.refresh_from_db()
    assert row.state == State.DRAFT


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.CUSTODIAN])
def test_versions_are_for_administrators(client, role):
    make_user("autre", role, totp=True)
    sign_in(client, "autre")
    row = make.draft()
    for page, more in (("part", ("question", "age")), ("preview", ()), ("publish", ()), ("document", ())):
        assert client.post(url(row, page, *more), {}).status_code in {302, 403}
    row.refresh_from_db()
    assert (row.state, row.revision) == (State.DRAFT, 0)
    assert versions.current() is BUILT_IN
