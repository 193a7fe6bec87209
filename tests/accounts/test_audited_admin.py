"""Every change in the admin has its line in the audit log, whichever class or view makes it."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from chat.models import CannedReply, DangerPhrase, Macro, Unit
from locations.models import DataEdition, Force, UnitAlias
from pnav.accounts.admin_site import audited_admin
from pnav.accounts.admin_site.audited_admin import Recorded
from pnav.accounts.admin_site.site import PnavAdminSite
from pnav.accounts.models import PendingChange, Role, User
from pnav.pages.models import Announcement, ContentBlock, Feedback, HelpNumber, RemovalPlatform
from reports.audit import log as audit_log
from reports.models import (
    AccessKind,
    AccessRecord,
    CaptureContact,
    ChatClosure,
    ErasureRequest,
    HouseRule,
    Letterhead,
    RetentionRule,
    Tombstone,
)
from tests.accounts.cast import give_session, make_user
from tests.accounts.test_admin import first_password as shown_in
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import register as written
from tests.factories import transmissions as hand
from tests.factories import triage
from tests.factories.texts import changed
from tests.support.moments import yesterday_noon

pytestmark = pytest.mark.django_db

MODELS = list(admin.site._registry)
# Pages that are not Django's. tests/accounts/test_bulk.py checks the lines of the import and the export, and
# tests/triage/test_admin.py those of the questionnaire.
OWN_PAGES = {
    "auth_user_password_change",
    "accounts_user_import",
    "accounts_user_export",
    "accounts_pendingchange_decide",  # tests/accounts/test_reviewed.py
    "reports_houserule_changes",
    "pages_contentblock_to_translate",  # it only reads
    *(f"triage_questionnaireversion_{page}" for page in ("part", "document", "preview", "differences", "publish")),
}
HOOKS = ("log_addition", "log_change", "log_deletions", "get_actions", "_record")


def name_of(model: type[models.Model]) -> str:
    return model._meta.label


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


@pytest.fixture
def unit():
    return Unit.objects.create(name="Brigade de Rennes", force=Force.GENDARMERIE)


def lines() -> list[tuple[str, str, str]]:
    return list(AccessRecord.objects.order_by("number").values_list("kind", "subject", "detail"))


# --- the whole registry ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_registry_is_recorded(model):
    """What a class overrides stands behind `Recorded`, never before it."""
    cls = type(admin.site._registry[model])
    for hook in HOOKS:
        assert getattr(cls, hook) is getattr(Recorded, hook), hook


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_registry_has_no_page_of_its_own(model):
    """A page that is none of Django's may change something or show it: decide, then name it here."""
    names = {pattern.name for pattern in admin.site._registry[model].get_urls() if pattern.name}
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    known = {f"{label}_{page}" for page in ("changelist", "add", "history", "delete", "change")}
    assert names <= known | OWN_PAGES


class Fields(HTMLParser):
    """What a browser would send for the largest form of a page, unchanged."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[dict[str, list[str]]] = []
        self._is_in, self._select, self._text = False, "", ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value if value is not None else "" for key, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self.forms.append({})
            self._is_in = True
        elif not self._is_in:
            return
        elif tag == "input" and name and given.get("type") not in {"submit", "file"}:
            is_box = given.get("type") in {"checkbox", "radio"}
            if not is_box or "checked" in given:
                self._add(name, given.get("value", "on" if is_box else ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._add(self._select, given.get("value", ""))
        elif tag == "textarea":
            self._text = name
            self._add(name, "")

    def handle_data(self, data: str) -> None:
        if self._text:
            self.forms[-1][self._text][-1] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_in = False
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._text = ""

    def _add(self, name: str, value: str) -> None:
        if "__prefix__" not in name:
            self.forms[-1].setdefault(name, []).append(value)

    @property
    def largest(self) -> dict[str, list[str]]:
        return max(self.forms, key=len)


def a_line() -> AccessRecord:
    written.record(kind=AccessKind.RETENTION, by=None, motive="essai")
    return AccessRecord.objects.latest("number")


# One row of each registered model. A model that is missing here fails below: say how a row of it is made.
ROWS: dict[str, Callable[[], models.Model]] = {
    "reports.AccessRecord": a_line,
    "reports.RetentionRule": lambda: RetentionRule.objects.get_or_create(
        kind="exchange", defaults={"days": 335, "grace_days": 30, "digest_days": 30}
    )[0],
    "reports.HouseRule": lambda: HouseRule.objects.create(key="raid_reports", value=80),
    "reports.ErasureRequest": lambda: ErasureRequest.objects.create(report=make.report(), asked_at=timezone.now()),
    "reports.Tombstone": lambda: Tombstone.objects.create(
        kind="exchange", month="2026-11-01", rule="335+30", cause="term"
    ),
    "accounts.User": lambda: make_user("camille", Role.CUSTODIAN, totp=True),
    # One that does not wait for a second person; tests/accounts/test_reviewed.py has those that do.
    "pages.HelpNumber": lambda: HelpNumber.objects.filter(is_emergency=False, name=None)[0],
    "accounts.PendingChange": lambda: PendingChange.objects.create(
        model="pages.HelpNumber",
        name="17",
        act="change",
        before={},
        after={},
        asked_by=make_user("autre"),
        asked_at=timezone.now(),
        lapses_at=timezone.now(),
    ),
    "pages.ContentBlock": lambda: ContentBlock.objects.all()[0],
    "pages.RemovalPlatform": lambda: RemovalPlatform.objects.filter(url="")[0],
    "pages.Announcement": lambda: Announcement.objects.create(ends_at=timezone.now() + timedelta(hours=1)),
    # A closing in the future, because other tests ask for every page of a visitor while these rows exist.
    "reports.ChatClosure": lambda: ChatClosure.objects.create(
        reason="other", starts_at=timezone.now() + timedelta(days=30)
    ),
    "reports.Letterhead": lambda: Letterhead.objects.create(name="Plateforme"),
    "reports.CaptureContact": lambda: CaptureContact.objects.create(name="Permanence", reach="poste 12"),
    "pages.Feedback": lambda: Feedback.objects.create(
        rating="yes",
        page="other",
        created_at=yesterday_noon(),  # that of today is not shown
    ),
    "sentences.ChangedSentence": lambda: changed("chat.online", vous="De retour."),
    "chat.Unit": lambda: Unit.objects.create(name="Brigade de Rennes", force=Force.GENDARMERIE),
    "chat.Agent": make.agent,
    "chat.OnCall": make.on_call,
    "chat.UnitAccount": hand.account,
    "chat.CannedReply": lambda: CannedReply.objects.all()[0],
    "chat.DangerPhrase": lambda: DangerPhrase.objects.all()[0],
    "chat.Macro": lambda: Macro.objects.create(title="Essai", minutes=5),
    "locations.Municipality": places.municipality,
    "locations.ReceptionPoint": lambda: places.reception_point(for_=places.municipality()),
    "locations.Partner": places.partner,
    "locations.Competence": lambda: places.reception_point(for_=places.municipality()).competences.get(),
    "locations.UnitAlias": lambda: UnitAlias.objects.create(
        core="bourgneuf", department_code="01", force=Force.POLICE, reception_point=places.reception_point()
    ),
    "locations.DataEdition": lambda: DataEdition.objects.create(
        source="essai", title="Essai", loaded_at=timezone.now()
    ),
    "triage.QuestionnaireVersion": lambda: triage.draft(),
}


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_registry_writes_a_line_for_each_change(client, chief, model, rf):
    """Form, every action and deletion are tried, whatever the class allows, on a row of its own: nothing is without a
    line.
    """
    row = ROWS[name_of(model)]()
    subject = f"{name_of(model)} {row.pk}"
    page = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    request = rf.get("/admin/")
    request.user = chief
    model_admin = admin.site._registry[model]
    count = len(lines())  # the row itself is a line in one case

    if model_admin.has_change_permission(request, row):
        url = reverse(f"{page}_change", args=[row.pk])
        answer = client.post(url, Fields(client.get(url).content.decode()).largest)
        assert answer.status_code == 302, answer.context["errors"]
        assert [line[:2] for line in lines()[count:]] == [("admin_change", subject)]
        count += 1
    for name in model_admin.get_actions(request):
        if name == "delete_selected":
            continue  # it is tried below, after everything else
        choice = {"action": name, "_selected_action": [row.pk], "confirmed": "1"}
        assert client.post(reverse(f"{page}_changelist"), choice).status_code == 302
        (line,) = lines()[count:]
        assert line[0] in {"admin_change", "admin_action"} and line[1:] == (subject, name)
        count += 1
    if "delete_selected" in model_admin.get_actions(request):
        choice = {"action": "delete_selected", "_selected_action": [row.pk]}
        assert client.post(reverse(f"{page}_changelist"), choice).status_code == 200
        assert len(lines()) == count, "a question changes nothing"
        assert client.post(reverse(f"{page}_changelist"), choice | {"post": "yes"}).status_code == 302
        assert lines()[count:] == [("admin_delete", subject, "delete_selected")]
        count += 1
        assert not model._default_manager.filter(pk=row.pk).exists()
    else:
        assert client.post(reverse(f"{page}_delete", args=[row.pk]), {"post": "yes"}).status_code == 403
    assert len(lines()) == count
    signatures = AccessRecord.objects.exclude(kind=AccessKind.RETENTION).values_list("account_id", "role", "motive")
    assert set(signatures) <= {(chief.pk, "administrator", "administration")}
    assert audit_log.verify(audit_log.read_lines()).is_whole


@pytest.mark.parametrize("model", MODELS, ids=name_of)
def test_registry_writes_no_line_for_pages_that_are_read(client, chief, model):
    row = ROWS[name_of(model)]()
    page = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    before = lines()
    for url in (reverse(f"{page}_changelist"), reverse(f"{page}_change", args=[row.pk])):
        assert client.get(url).status_code == 200
    assert lines() == before


def test_no_line_is_written_for_the_first_page(client, chief):
    assert client.get(reverse("admin:index")).status_code == 200
    assert lines() == []


# --- what a line says -----------------------------------------------------------------------------------------------


def test_unit_added_changed_deleted(client, chief):
    client.post("/admin/chat/unit/add/", {"name": "MARQUE", "force": Force.POLICE})
    unit = Unit.objects.get()
    client.post(f"/admin/chat/unit/{unit.pk}/change/", {"name": "MARQUE 2", "force": Force.POLICE})
    client.post(f"/admin/chat/unit/{unit.pk}/delete/", {"post": "yes"})
    assert lines() == [
        ("admin_add", f"chat.Unit {unit.pk}", ""),
        ("admin_change", f"chat.Unit {unit.pk}", "Nom"),
        ("admin_delete", f"chat.Unit {unit.pk}", ""),
    ]


def account_form(unit: Unit) -> dict[str, object]:
    return {
        "username": "marque",
        "role": "agent",
        "first_name": "MARQUE",
        "last_name": "MARQUE",
        "unit_account-TOTAL_FORMS": "1",
        "unit_account-INITIAL_FORMS": "0",
        "agent-TOTAL_FORMS": "1",
        "agent-INITIAL_FORMS": "0",
        "agent-0-unit": unit.pk,
        "agent-0-public_name": "MARQUE",
        "agent-0-capacity": "3",
    }


def test_account_nothing_typed_is_kept(client, chief, unit):
    """Names, passwords and values stay where they are; what changed is told by the labels of the fields."""
    drawn = [shown_in(client.post("/admin/accounts/user/add/", account_form(unit)))]
    user = User.objects.get(username="marque")
    page = f"/admin/accounts/user/{user.pk}"
    form = Fields(client.get(f"{page}/change/").content.decode()).largest | {
        "first_name": ["MARQUE 2"],
        "agent-0-capacity": ["5"],
    }
    assert client.post(f"{page}/change/", form).status_code == 302
    drawn.append(shown_in(client.post(f"{page}/password/")))
    added, changed, password = lines()
    assert added[:2] == ("admin_add", f"accounts.User {user.pk}")
    assert changed == ("admin_change", f"accounts.User {user.pk}", "First name; agent (changed: Capacité)")
    assert password == ("admin_change", f"accounts.User {user.pk}", "Mot de passe provisoire")
    kept = repr(list(AccessRecord.objects.values_list()))
    assert not any(word in kept.lower() for word in ("marque", *drawn))


def test_role_that_changed_is_told(client, chief):
    user = make_user("camille", Role.CUSTODIAN)
    url = f"/admin/accounts/user/{user.pk}/change/"
    form = Fields(client.get(url).content.decode()).largest | {"role": ["administrator"]}
    assert client.post(url, form).status_code == 302
    assert lines() == [("admin_change", f"accounts.User {user.pk}", "Rôle")]


def test_reset_second_factor_is_a_line_each_and_its_question_none(client, chief):
    users = [make_user(name, totp=True) for name in ("camille", "dominique")]
    choice = {"action": "reset_second_factor", "_selected_action": [user.pk for user in users]}
    assert client.post("/admin/accounts/user/", choice).status_code == 200
    assert lines() == []
    client.post("/admin/accounts/user/", choice | {"confirmed": "1"})
    assert lines() == [("admin_change", f"accounts.User {user.pk}", "reset_second_factor") for user in users]


def test_action_on_every_row_is_a_line_each(client, chief):
    numbers = list(HelpNumber.objects.order_by("pk"))
    choice = {"action": "verify_today", "_selected_action": [numbers[0].pk], "select_across": "1"}
    client.post("/admin/pages/helpnumber/", choice)
    assert sorted(lines()) == sorted(("admin_action", f"pages.HelpNumber {one.pk}", "verify_today") for one in numbers)


def test_fields_of_is_cut_to_the_column():
    told = audited_admin.fields_of([{"changed": {"fields": ["x" * 400, "y" * 400]}}])
    assert len(told) == 500 and told.endswith("…")
    assert AccessRecord._meta.get_field("detail").max_length == audited_admin.DETAIL_LENGTH
    assert audited_admin.fields_of("MARQUE") == ""


# --- or it does not happen ------------------------------------------------------------------------------------------


def test_change_that_cannot_be_recorded_does_not_happen(client, chief, unit, monkeypatch):
    def fail(**_values: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(audit_log, "record_many", fail)
    for page, form in (
        (f"/admin/chat/unit/{unit.pk}/change/", {"name": "Autre", "force": Force.POLICE}),
        (f"/admin/chat/unit/{unit.pk}/delete/", {"post": "yes"}),
        ("/admin/chat/unit/add/", {"name": "Autre", "force": Force.POLICE}),
        ("/admin/chat/unit/", {"action": "delete_selected", "_selected_action": [unit.pk], "post": "yes"}),
        ("/admin/pages/helpnumber/", {"action": "verify_today", "_selected_action": [HelpNumber.objects.all()[0].pk]}),
    ):
        before = list(HelpNumber.objects.order_by("pk").values())
        with pytest.raises(ZeroDivisionError):
            client.post(page, form)
        assert [one.name for one in Unit.objects.all()] == ["Brigade de Rennes"]
        assert list(HelpNumber.objects.order_by("pk").values()) == before
    assert not LogEntry.objects.exists()


def test_change_that_is_undone_leaves_no_line(client, chief, unit, monkeypatch):
    def fail(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Recorded, "response_change", fail)
    with pytest.raises(ZeroDivisionError):
        client.post(f"/admin/chat/unit/{unit.pk}/change/", {"name": "Autre", "force": Force.POLICE})
    assert lines() == []


def rename(request, *_arguments) -> HttpResponse:
    Unit.objects.update(name="Autre")
    return HttpResponse("fait")


def test_view_that_forgets_its_line_is_undone(rf, chief, unit):
    """The page is somebody's own, and calls none of Django's hooks."""
    request = rf.get("/")
    request.user = chief
    with pytest.raises(audit_log.Unrecorded, match="chat_unit"):
        admin.site.admin_view(rename)(request)
    unit.refresh_from_db()
    assert unit.name == "Brigade de Rennes"


def test_view_in_sql_of_its_own_is_undone_too(rf, chief, unit):
    def view(request) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("WITH done AS (DELETE FROM chat_unit RETURNING 1) SELECT count(*) FROM done")
        return HttpResponse("fait")

    request = rf.get("/")
    request.user = chief
    with pytest.raises(audit_log.Unrecorded):
        admin.site.admin_view(view)(request)
    assert Unit.objects.filter(pk=unit.pk).exists()


class Forgetful(admin.ModelAdmin):
    """A class that tries to leave no trace."""

    actions = ("rename",)

    @admin.action(description="Renommer")
    def rename(self, request, queryset) -> None:
        queryset.update(name="Autre")

    def log_addition(self, request, obj, message) -> None: ...
    def log_change(self, request, obj, message) -> None: ...
    def log_deletions(self, request, queryset) -> None: ...
    def get_actions(self, request, action_location=admin.ActionLocation.CHANGE_LIST):
        return super().get_actions(request, action_location=action_location)


def test_class_that_overrides_the_hooks_is_recorded_all_the_same(rf, chief, unit):
    site = PnavAdminSite()
    site.register(Unit, Forgetful)
    request = rf.post("/")
    request.user = chief
    forgetful = site.get_model_admin(Unit)
    with transaction.atomic():  # Django's own views open a transaction too
        forgetful.log_change(request, unit, [])
        forgetful.get_actions(request)["rename"].func(forgetful, request, Unit.objects.all())
        forgetful.log_deletions(request, Unit.objects.all())
    subject = f"chat.Unit {unit.pk}"
    assert lines() == [
        (AccessKind.ADMIN_CHANGE, subject, ""),
        (AccessKind.ADMIN_ACTION, subject, "rename"),
        (AccessKind.ADMIN_DELETE, subject, ""),
    ]
