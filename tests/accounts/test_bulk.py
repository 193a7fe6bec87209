"""Agents from a spreadsheet: what is refused, created, recorded, and exported again."""

import html
import re
import threading

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chat.models import Agent, Unit
from common import dates
from locations.models import Force
from pnav.accounts.admin_site import bulk
from pnav.accounts.models import DRAWN_ITERATIONS, Role, User
from reports.audit import log as audit_log
from reports.models import AccessRecord
from tests.accounts.cast import give_session, make_user, sign_in
from tests.accounts.test_spreadsheets import of_rows
from tests.factories import chat as make

pytestmark = pytest.mark.django_db

PAGE = "/admin/accounts/user/importer/"
TITLES = "Nom;Prénom;Courriel;Identifiant;Rôle;Unité;Force;Nom affiché\n"
ALICE = "Martin;Alice;a.martin@exemple.fr;;agent;Brigade de Rennes;gendarmerie;Alice\n"
BENOIT = "Le Goff;Benoît;;;Superviseur;brigade de rennes;Gendarmerie nationale;Ben\n"


@pytest.fixture(autouse=True)
def unit():
    return Unit.objects.create(name="Brigade de Rennes", force=Force.GENDARMERIE)


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def upload(client, text: str, encoding: str = "utf-8"):
    return client.post(PAGE, {"sheet": SimpleUploadedFile("agents.csv", text.encode(encoding))})


def errors(text: str) -> dict[int, list[str]]:
    return {line.number: line.errors for line in bulk.read(text)}


# --- reading --------------------------------------------------------------------------------------------------------


def test_read_good_lines():
    lines = bulk.read(TITLES + ALICE + "\n" + BENOIT)
    assert [(line.number, line.username, line.role, line.errors) for line in lines] == [
        (2, "a.martin", Role.AGENT, []),
        (4, "benoit.le-goff", Role.SUPERVISOR, []),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_read_what_spreadsheets_write(encoding):
    (line,) = bulk.read(bulk.decode((TITLES + BENOIT).replace(";", ",").encode(encoding)))
    assert line.cells["prenom"] == "Benoît" and line.errors == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("agent", "administrateur", "un à un"),
        ("agent", "", "Le rôle est"),
        ("gendarmerie", "police", "créez-la d'abord"),
        ("gendarmerie", "douane", "La force est"),
        ("Brigade de Rennes", "Brigade de Brest", "créez-la d'abord"),
        (";Alice\n", ";\n", "À remplir : nom_affiche."),
        (";Alice\n", ";=HYPERLINK(1)\n", "« nom_affiche » commence par « = »"),
        (";Alice\n", ";#DIV/0!\n", "formule sans résultat"),
        (";Alice\n", ";#NOM?\n", "formule sans résultat"),
        (";Alice\n", ";Ali\u202ece\n", "(U+202E)"),
        (";Alice\n", ";Ali\u200bce\n", "(U+200B)"),
        (";Alice\n", ';"Ali\nce"\n', "retour à la ligne"),
        (";Alice\n", ";" + "A" * 61 + "\n", "trop long"),
        ("a.martin@exemple.fr;;", ";deux mots;", "identifiant"),
        (";Alice\n", ";Alice;de trop\n", "Plus de cases"),
    ],
)
def test_line_that_is_wrong_says_why(old, new, said):
    (found,) = errors(TITLES + ALICE.replace(old, new, 1)).values()
    assert any(said.casefold() in sentence.casefold() for sentence in found), found


def test_spaces_of_word_processors_are_ordinary_ones():
    (line,) = bulk.read(TITLES + ALICE.replace("Brigade de Rennes", "Brigade\u00a0de\u202fRennes\u00a0"))
    assert line.errors == [] and line.cells["unite"] == "Brigade de Rennes"


def test_text_of_excel_in_unicode_is_read():
    (line,) = bulk.read(bulk.decode((TITLES + BENOIT).replace(";", "\t").encode("utf-16")))
    assert line.cells["prenom"] == "Benoît" and line.errors == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "est vide"),
        (" ; ;\n;;\n", "est vide"),
        (TITLES, "que ses titres"),
        (
            TITLES.replace("Unité", "Service") + ALICE,
            "Il manque des colonnes : unite. Titres lus .*: Nom, .*, Service, ",
        ),
        ("Liste\u202e des agents\n" + TITLES + ALICE, "Titres lus à la première ligne : Liste⟦U.202E⟧ des agents"),
        ("1;2\n" * 3, "colonnes : nom, prenom, role, unite, force, nom_affiche"),
        (TITLES.replace("Courriel", "NOM") + ALICE, "Plusieurs colonnes ont le même titre : nom."),
        (TITLES + ALICE * 501, "501, pour 500"),
    ],
)
def test_sheet_that_is_none_says_why(text, said):
    with pytest.raises(bulk.SheetError, match=said):
        bulk.read(text)


def test_columns_that_are_not_read_are_named(client, chief):
    text = TITLES.replace("Courriel", "Mél\u200b") + ALICE
    assert bulk.unread_titles(text) == ["Mél⟦U+200B⟧"]
    assert re.search(r"Colonnes qui ne sont pas lues\s:\s+Mél⟦U.200B⟧\.", upload(client, text).content.decode())
    assert "ne sont pas lues" not in upload(client, TITLES + ALICE).content.decode()


def test_same_address_says_what_to_fill_in():
    found = errors(TITLES + ALICE + ALICE.replace("Alice", "Anne"))
    assert found[3] == ["Même identifiant qu'à la ligne 2 : remplissez « identifiant » pour l'une des deux."]


def test_identifiers_are_compared_with_the_accounts_and_with_each_other():
    make_user("A.Martin")
    other = ALICE.replace("Martin;Alice", "Martin;Anne")
    found = errors(TITLES + ALICE + other)
    assert "déjà pris" in found[2][0]
    assert any("ligne 2" in sentence for sentence in found[3])


@pytest.mark.parametrize(
    "text", ["", "\n", TITLES, "nom;prénom\nx;y\n", TITLES + ALICE * (bulk.MOST_LINES + 1), "x" * 300_000, "a\x00b"]
)
def test_sheet_that_is_none(text):
    with pytest.raises(bulk.SheetError):
        bulk.read(bulk.decode(text.encode()))


def of_spreadsheet(text: str) -> bytes:
    return of_rows([line.split(";") for line in text.splitlines()])


def test_spreadsheet_is_read_as_its_sheet():
    lines = bulk.read(bulk.decode(of_spreadsheet(TITLES + ALICE + "\n" + BENOIT)))
    assert [(line.number, line.username, line.errors) for line in lines] == [
        (2, "a.martin", []),
        (4, "benoit.le-goff", []),
    ]


@pytest.mark.parametrize(("content", "said"), [(b"\xd0\xcf\x11\xe0" + b"x" * 99, ".xls"), (b"PK\x03\x04x", "ne peut")])
def test_other_files_of_spreadsheets_say_what_to_do(content, said):
    with pytest.raises(bulk.SheetError, match=said):
        bulk.decode(content)


# --- creating -------------------------------------------------------------------------------------------------------


def test_upload_shows_and_saves_nothing(client, chief):
    page = upload(client, TITLES + ALICE).content.decode()
    assert "a.martin" in page and "1 compte peut être créé" in page
    assert not User.objects.filter(username="a.martin").exists() and not AccessRecord.objects.exists()


def test_create_all_with_their_passwords_and_lines(client, chief, unit):
    shown = upload(client, TITLES + ALICE + BENOIT)
    answer = client.post(PAGE, {"text": shown.context["text"], "create": "x"})
    passwords = re.findall(r"<code>([^<]+)</code>", answer.content.decode())
    users = list(User.objects.filter(agent__unit=unit).order_by("pk"))
    assert [(user.username, user.role, user.agent.public_name) for user in users] == [
        ("a.martin", "agent", "Alice"),
        ("benoit.le-goff", "supervisor", "Ben"),
    ]
    assert all(user.password_is_temporary and user.email == "" for user in users)
    assert [user.check_password(password) for user, password in zip(users, passwords, strict=True)] == [True, True]
    assert "no-store" in answer["Cache-Control"]
    assert list(AccessRecord.objects.order_by("number").values_list("kind", "subject", "account_id")) == [
        ("admin_add", f"accounts.User {user.pk}", chief.pk) for user in users
    ]
    assert LogEntry.objects.count() == 2
    kept = repr(list(AccessRecord.objects.values_list())) + repr(list(LogEntry.objects.values_list()))
    assert not any(word in kept for word in (*passwords, "exemple.fr"))
    client.logout()
    assert client.post("/compte/login/", {"login": "a.martin", "password": passwords[0]}).status_code == 302


def test_one_wrong_line_stops_all_unless_it_is_left_out(client, chief):
    text = TITLES + ALICE + BENOIT.replace("Superviseur", "chef")
    answer = client.post(PAGE, {"text": text, "create": "x"})
    assert "Rien n&#x27;a été créé" in answer.content.decode() and "Le rôle est" in answer.content.decode()
    assert not Agent.objects.exists() and not AccessRecord.objects.exists()
    client.post(PAGE, {"text": text, "create": "x", "skip": "on"})
    assert [agent.user.username for agent in Agent.objects.all()] == ["a.martin"]


def test_lines_left_out_are_named_and_can_be_had_again(client, chief):
    """The second press shows them too. What stands for a formula stays wrong when it is sent again."""
    wrong = BENOIT.replace("Superviseur", "chef"), ALICE.replace("Martin", "=A1"), ALICE.replace("Alice", "Z\u202eoé")
    form = form_of(upload(client, TITLES + ALICE + "".join(wrong))) | {"skip": "on"}
    for answer in (client.post(PAGE, form) for _press in range(2)):
        page = answer.content.decode()
        assert len(passwords_of(answer)) == 1 and "3 lignes ont été laissées de côté" in page
        assert page.index("À corriger") < page.index("Identifiant</th>"), "a telephone shows the first columns"
        assert "Z⟦U+202E⟧oé" in page and "\u202e" not in page.partition("<textarea")[0]
        assert [line.number for line in answer.context["left_out"]] == [3, 4, 5]
    sheet = client.post(PAGE, {"text": answer.context["text"], "left_out": "x"})
    assert sheet["Content-Disposition"] == 'attachment; filename="a-corriger.csv"'
    lines = bulk.read(bulk.decode(sheet.content))
    assert [line.cells["nom"] for line in lines] == ["Le Goff", "'=A1", "Martin"]
    assert "Le rôle est" in sheet.content.decode().splitlines()[1]
    assert bulk.unread_titles(bulk.decode(sheet.content)) == []
    assert all(line.errors for line in lines), "none becomes right by going out and in"


@pytest.mark.parametrize("asked", ["wrong", "left_out"])
def test_cell_too_many_is_still_one_when_its_line_is_sent_again(client, chief, asked):
    too_many = ALICE.rstrip("\n") + ";de trop\n"
    text = bulk.text_of(bulk.read(TITLES + too_many))
    for sent in (TITLES + too_many, text):
        sheet = client.post(PAGE, {"text": sent, asked: "x"})
        [line] = bulk.read(bulk.decode(sheet.content))
        assert line.errors == ["Plus de cases que de titres."] and line.surplus == ["de trop"]


def test_lines_are_given_back_after_a_long_printing(client, chief, monkeypatch):
    """The proof of who asks is over by then. Nothing is created without a new one."""
    wrong = TITLES + BENOIT.replace("Superviseur", "chef")
    monkeypatch.setattr("pnav.accounts.reauthentication.last_proof", lambda _request: 0.0)
    for asked in ("wrong", "left_out"):
        assert "Le Goff" in client.post(PAGE, {"text": wrong, asked: "x", "create": "x", "skip": "on"}).content.decode()
    assert client.post(PAGE, {"text": TITLES + ALICE, "wrong": "x", "create": "x"}).status_code == 302
    assert not Agent.objects.exists()


def test_lines_to_correct_can_be_had_before_anything_is_created(client, chief):
    shown = upload(client, TITLES + ALICE + BENOIT.replace("Superviseur", "chef"))
    assert "Gardez cette page ouverte" not in shown.text, "one account takes no time"
    assert [line.number for line in shown.context["lines"]] == [3, 2], "those with errors come first"
    text = shown.context["text"]
    sheet = client.post(PAGE, {"text": text, "wrong": "x"})
    assert "Le Goff" in sheet.content.decode() and "Alice" not in sheet.content.decode()
    assert not Agent.objects.exists()


def test_slip_says_where_and_until_when(client, chief):
    page = client.post(PAGE, form_of(upload(client, TITLES + ALICE + BENOIT))).content.decode()
    assert page.count("http://testserver/compte/login/") == 2 and "laissée" not in page
    until = timezone.localtime(User.objects.get(username="a.martin").first_password_until)
    assert dates.format_date(until, "j F Y, H:i") in page and "d'ici 3 jours" in html.unescape(page)


def test_five_hundred_people_of_a_spreadsheet_come_in_few_statements(client, chief, unit):
    people = "".join(ALICE.replace("a.martin@exemple.fr", f"p{number}@x") for number in range(bulk.MOST_LINES))
    file = SimpleUploadedFile("agents.xlsx", of_spreadsheet(TITLES + people))
    shown = client.post(PAGE, {"sheet": file})
    assert shown.context["right"] == bulk.MOST_LINES and "Gardez cette page ouverte" in shown.text
    with CaptureQueriesContext(connection) as caught:
        answer = client.post(PAGE, form_of(shown))
    assert len(caught) < 60, "they do not grow with the lines"
    assert Agent.objects.filter(unit=unit).count() == AccessRecord.objects.count() == LogEntry.objects.count() == 500
    passwords = passwords_of(answer)
    assert len(set(passwords)) == 500
    assert audit_log.verify(audit_log.read_lines()).is_whole
    last = User.objects.get(username="p499")
    assert not last.is_staff and last.check_password(passwords[-1])


def test_drawn_password_is_hashed_as_any_other_once_it_was_used(client, chief):
    made = passwords_of(client.post(PAGE, form_of(upload(client, TITLES + ALICE))))
    client.logout()
    before = User.objects.get(username="a.martin").password
    client.post("/compte/login/", {"login": "a.martin", "password": made[0]})
    after = User.objects.get(username="a.martin").password
    assert f"${DRAWN_ITERATIONS}$" in before and f"${DRAWN_ITERATIONS}$" not in after


def test_create_refuses_a_line_with_errors():
    lines = bulk.read(TITLES + ALICE + BENOIT.replace("Superviseur", "chef"))
    with pytest.raises(bulk.SheetError):
        bulk.create(lines)
    assert not User.objects.exists()


def test_failure_in_the_middle_creates_nobody(client, chief, monkeypatch):
    draw, count = User.draw_first_password, iter(range(9))

    def fail_at_the_second(user, signs=None):
        return draw(user, signs) if next(count) == 0 else 1 / 0

    monkeypatch.setattr(User, "draw_first_password", fail_at_the_second)
    with pytest.raises(ZeroDivisionError):
        client.post(PAGE, {"text": TITLES + ALICE + BENOIT, "create": "x"})
    assert list(User.objects.values_list("username", flat=True)) == ["chef"]


@pytest.mark.django_db(transaction=True)
def test_same_sheet_twice_at_once_creates_each_account_once(client, chief, unit, monkeypatch):
    """Hashing takes half a minute: a second press, or a colleague, comes in between. Who is too late reads why."""
    draw, drawn = User.draw_first_password, threading.Event()

    def slow(user, signs=None):
        draw(user, signs)
        if threading.current_thread() is not threading.main_thread():
            drawn.set()  # both have read that the name is free
            assert gone.wait(30)

    gone = threading.Event()
    answers = []

    def press() -> None:
        try:
            answers.append(client.post(PAGE, {"text": TITLES + ALICE, "create": "x"}))
        finally:
            drawn.set()
            connections.close_all()

    monkeypatch.setattr(User, "draw_first_password", slow)
    client.raise_request_exception = False
    late = threading.Thread(target=press)
    late.start()
    try:
        assert drawn.wait(30)
        bulk.create(bulk.read(TITLES + ALICE))
    finally:
        gone.set()
        late.join(30)
    [answer] = answers
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "Rien n&#x27;a été créé" in page and "est déjà pris" in page
    assert User.objects.filter(username="a.martin").count() == 1


def form_of(shown) -> dict[str, str]:
    """Return what the page of a sheet sends when its button is pressed."""
    return {"text": shown.context["text"], "key": shown.context["key"], "create": "x"}


def passwords_of(answer) -> list[str]:
    return re.findall(r"<code>([^<]+)</code>", answer.content.decode())


def test_form_pressed_twice_shows_the_same_passwords(client, chief):
    shown = upload(client, TITLES + ALICE + BENOIT)
    assert f'name="key" value="{shown.context["key"]}"' in shown.content.decode()
    first, second = (client.post(PAGE, form_of(shown)) for _press in range(2))
    assert len(passwords_of(first)) == 2 and passwords_of(second) == passwords_of(first)
    assert "no-store" in second["Cache-Control"]
    alice = User.objects.get(username="a.martin")
    assert alice.check_password(passwords_of(second)[0])
    assert AccessRecord.objects.count() == LogEntry.objects.count() == 2, "nothing was done the second time"


def test_form_pressed_twice_with_a_line_left_out_shows_those_it_made(client, chief):
    form = form_of(upload(client, TITLES + ALICE + BENOIT.replace("Superviseur", "chef"))) | {"skip": "on"}
    first, second = (client.post(PAGE, form) for _press in range(2))
    assert len(passwords_of(first)) == 1 and passwords_of(second) == passwords_of(first)


@pytest.mark.parametrize("what", ["another form", "forged", "changed", "later"])
def test_passwords_are_shown_again_to_the_form_that_made_them_alone(client, chief, what):
    form = form_of(upload(client, TITLES + ALICE))
    client.post(PAGE, form)
    alice = User.objects.get(username="a.martin")
    if what == "another form":
        form = form_of(upload(client, TITLES + ALICE))
    if what == "forged":
        form["key"] = form["key"].partition(":")[0]
    if what == "changed":
        alice.draw_first_password()
        alice.save()
    if what == "later":
        User.objects.filter(pk=alice.pk).update(date_joined=alice.date_joined - bulk.SHOWN_AGAIN)
    answer = client.post(PAGE, form)
    assert passwords_of(answer) == [] and "est déjà pris" in answer.content.decode()


def test_two_forms_of_one_sheet_have_two_passwords(client, chief):
    keys = [bulk.key_of(upload(client, TITLES + ALICE).context["key"]) for _form in range(2)]
    alice = User(username="a.martin")
    drawn = {alice.first_password_of(bulk._signs(key, "a.martin")) for key in keys}
    assert len(drawn) == 2 and all(re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", word) for word in drawn)


@pytest.mark.django_db(transaction=True)
def test_second_press_while_the_first_is_hashed_shows_the_same_passwords(client, chief, monkeypatch):
    form, draw = form_of(upload(client, TITLES + ALICE)), User.draw_first_password
    first = []

    def press() -> None:
        try:
            first.append(client.post(PAGE, form))
        finally:
            connections.close_all()

    def press_again(user, signs=None):
        monkeypatch.setattr(User, "draw_first_password", draw)
        other = threading.Thread(target=press)  # this thread ends before the other one
        other.start()
        other.join(30)
        draw(user, signs)

    monkeypatch.setattr(User, "draw_first_password", press_again)
    second = client.post(PAGE, form)
    assert len(passwords_of(first[0])) == 1 and passwords_of(second) == passwords_of(first[0])
    assert User.objects.filter(username="a.martin").count() == 1


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.CUSTODIAN])
def test_import_is_for_administrators(client, role):
    make_user("autre", role, totp=True)
    sign_in(client, "autre")
    assert client.post(PAGE, {"text": TITLES + ALICE, "create": "x"}).status_code in {302, 403}
    assert not User.objects.filter(username="a.martin").exists()


def test_import_asks_for_a_recent_proof(client, chief, monkeypatch):
    monkeypatch.setattr("pnav.accounts.reauthentication.last_proof", lambda _request: 0.0)
    assert client.post(PAGE, {"text": TITLES + ALICE, "create": "x"}).url.startswith("/compte/2fa/reauthenticate/")
    assert not User.objects.filter(username="a.martin").exists()


def test_list_of_accounts_leads_there(client, chief):
    assert f'href="{PAGE}"' in client.get("/admin/accounts/user/").content.decode()


# --- out again ------------------------------------------------------------------------------------------------------


def test_export_is_recorded_harmless_and_read_again(client, chief):
    agent = make.agent(public_name="=1+1", unit_name="Police de Nantes")
    answer = client.post("/admin/accounts/user/exporter/")
    text = answer.content.decode()
    assert "attachment" in answer["Content-Disposition"] and "no-store" in answer["Cache-Control"]
    assert "'=1+1" in text and ";=1+1" not in text and "argon2" not in text
    (line,) = AccessRecord.objects.values_list("kind", "subject", "detail")
    assert line == ("export", "accounts.User", "csv 1")
    (row,) = bulk.read(bulk.decode(answer.content))
    assert row.username == agent.user.username and "déjà pris" in " ".join(row.errors)
    assert client.get("/admin/accounts/user/exporter/").status_code == 405


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_harmless(cell):
    assert bulk.harmless(cell) == f"'{cell}"
    assert bulk.harmless("Martin-Duval") == "Martin-Duval"
