"""What administrators do in the admin, and what nobody ever sees there."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import models
from django.urls import reverse
from django.utils import timezone

from chat.models import Agent, Unit
from locations.models import Force
from pnav.accounts.models import PendingChange, Role, User
from pnav.pages.actions import give_feedback
from tests.accounts.cast import give_session, make_user
from tests.factories import chat as make
from tests.factories import locations as places
from tests.factories import transmissions

pytestmark = pytest.mark.django_db

# Nobody can read these in the admin: what people wrote, who they are, their visit, and other people's factors.
CLOSED = {
    "chat.Conversation",
    "chat.Message",
    "chat.ConversationEvent",
    "reports.Report",
    "sessions.Session",
    "mfa.Authenticator",
    "account.EmailAddress",
    "account.EmailConfirmation",
    "socialaccount.SocialApp",
    "socialaccount.SocialToken",
    "admin.LogEntry",
    "auth.Group",
    "auth.Permission",
    "contenttypes.ContentType",
}

# These are sealed and meant to be read there, because nothing links an opinion to a person, a visit or a conversation.
READ_THERE = {"pages.Feedback"}


def holds_secrets(model: type[models.Model]) -> bool:
    """Return whether a model stores what a visit is made of: closed by name, or because something in it is sealed."""
    if model._meta.label in CLOSED:
        return True
    if model._meta.label in READ_THERE:
        return False
    return any(isinstance(field, models.BinaryField) or "sealed" in field.name for field in model._meta.concrete_fields)


@pytest.fixture
def unit():
    return Unit.objects.create(name="Brigade de Rennes", force=Force.GENDARMERIE)


@pytest.fixture
def chief(client):
    user = make_user("chef", Role.ADMINISTRATOR, totp=True)
    give_session(client, user)
    return user


def test_closed_models_exist():
    """A renamed model must not slip out of the list above."""
    assert all(apps.get_model(label) for label in CLOSED)


def test_holds_secrets_sees_sealed_fields():
    assert holds_secrets(apps.get_model("chat.Message"))
    assert holds_secrets(apps.get_model("reports.Report"))
    assert not holds_secrets(Unit)


# Registered although part of it is sealed: the class lists what it shows, and nobody adds or changes a row.
DATES_ONLY = {"reports.ErasureRequest"}


def test_admin_registers_nothing_that_holds_what_people_wrote():
    secret = {model._meta.label: shown for model, shown in admin.site._registry.items() if holds_secrets(model)}
    assert set(secret) == DATES_ONLY
    for shown in secret.values():
        names = {*shown.fields, *shown.list_display, *shown.list_filter, *shown.search_fields}
        assert not any("sealed" in name or name == "motive" for name in names)
        assert set(shown.fields) <= set(shown.readonly_fields)


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
def test_admin_reaches_no_conversation_from(model, rf, chief):
    """No inline, no column, no filter, no search, no form field and no pop-up leads to a closed model."""
    request = rf.get("/admin/")
    request.user = chief
    model_admin = admin.site._registry[model]
    for inline in model_admin.inlines:
        assert not holds_secrets(inline.model), inline

    paths = [*model_admin.get_list_display(request), *model_admin.get_search_fields(request)]
    paths += [item[0] if isinstance(item, tuple) else item for item in model_admin.get_list_filter(request)]
    for path in paths:
        current = model
        for step in str(path).strip("^=@").split("__"):
            field = next((field for field in current._meta.get_fields() if field.name == step), None)
            if field is None or not field.is_relation or field.related_model is None:
                break
            assert not holds_secrets(field.related_model), path
            current = field.related_model

    form = model_admin.get_form(request)
    for name, field in form.base_fields.items():
        related = getattr(getattr(field, "queryset", None), "model", None)
        assert related is None or not holds_secrets(related), name


def test_admin_has_no_page_of_a_closed_model():
    from django.urls import NoReverseMatch

    for label in CLOSED:
        with pytest.raises(NoReverseMatch):
            reverse(f"admin:{label.lower().replace('.', '_')}_changelist")


def test_admin_index_is_french_and_grouped(client, chief):
    page = client.get("/admin/").content.decode()
    assert "Pnav — administration" in page
    groups = [str(group["name"]) for group in client.get("/admin/").context["app_list"]]
    assert groups == [name for name in ["Contenus", "Points d'accueil", "Équipe", "Réglages"] if name in groups]
    assert "Équipe" in groups
    team = next(group for group in client.get("/admin/").context["app_list"] if group["name"] == "Équipe")
    assert {entry["object_name"] for entry in team["models"]} == {
        "User", "Unit", "UnitAccount", "Agent", "OnCall", "CannedReply", "DangerPhrase", "Macro",
    }  # fmt: skip


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
def test_admin_list_and_form_open(client, chief, model):
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    assert client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:{name}_add")).status_code in {200, 403}
    label = model._meta.verbose_name
    assert str(label), model


def account_form(**changes):
    form = {
        "username": "camille",
        "role": "agent",
        "first_name": "Camille",
        "last_name": "Martin",
        "unit_account-TOTAL_FORMS": "1",
        "unit_account-INITIAL_FORMS": "0",
        "agent-TOTAL_FORMS": "1",
        "agent-INITIAL_FORMS": "0",
        "agent-MIN_NUM_FORMS": "0",
        "agent-MAX_NUM_FORMS": "1",
        "agent-0-unit": "",
        "agent-0-public_name": "",
        "agent-0-capacity": "3",
        "initial-agent-0-capacity": "3",  # as the page sends it, although the settings may have changed meanwhile
    }
    return form | changes


def first_password(answer) -> str:
    """Return the first password that this answer shows."""
    assert answer.status_code == 200, answer.get("Location", "")
    assert "no-store" in answer["Cache-Control"]
    (shown,) = re.findall(r'<code id="first-password">([a-z2-9-]+)</code>', answer.text)
    assert re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", shown)
    return shown


def test_create_agent_with_unit(client, chief, unit):
    form = account_form(**{"agent-0-unit": unit.pk, "agent-0-public_name": "Camille"})
    answer = client.post("/admin/accounts/user/add/", form)
    user = User.objects.get(username="camille")
    shown = first_password(answer)
    assert user.password_is_temporary and user.check_password(shown)
    assert timedelta(days=2.9) < user.first_password_until - timezone.now() <= timedelta(days=3)
    assert not user.is_staff
    assert user.agent.unit == unit
    entry = LogEntry.objects.get()
    assert entry.object_repr == "camille" and shown not in entry.change_message
    assert "first-password" not in client.get(f"/admin/accounts/user/{user.pk}/change/").text, "it is shown once"
    assert shown not in str(dict(client.session)) + str(client.cookies)


def test_create_agent_without_unit_is_refused(client, chief):
    answer = client.post("/admin/accounts/user/add/", account_form())
    assert answer.status_code == 200
    assert "unité" in answer.content.decode()
    assert not User.objects.filter(username="camille").exists()


def test_create_administrator_with_unit_is_refused(client, chief, unit):
    form = account_form(role="administrator", **{"agent-0-unit": unit.pk, "agent-0-public_name": "X"})
    assert client.post("/admin/accounts/user/add/", form).status_code == 200
    assert Agent.objects.count() == 0


def test_create_administrator(client, chief):
    assert first_password(client.post("/admin/accounts/user/add/", account_form(role="administrator")))
    assert User.objects.get(username="camille").is_superuser


def test_set_password_is_provisional(client, chief):
    user = make_user("camille", totp=True)
    url = f"/admin/accounts/user/{user.pk}/password/"
    page = client.get(url).content.decode()
    assert "provisoire" in page and "usable_password" not in page
    user.refresh_from_db()
    assert not user.password_is_temporary, "looking draws nothing"
    mine = "une phrase que je choisis"
    drawn = [first_password(client.post(url, {"password1": mine, "password2": mine})) for _time in range(2)]
    user.refresh_from_db()
    assert len({*drawn, mine}) == 3, "nobody chooses it, and each one is another"
    assert user.password_is_temporary and user.check_password(drawn[1]) and not user.check_password(drawn[0])
    assert all(word not in entry.change_message for word in drawn for entry in LogEntry.objects.all())
    assert Authenticator.objects.filter(user=user).exists(), "the second factor stays"


def test_first_password_of_ones_own_leaves_the_session_and_asks_for_another(client, chief):
    assert first_password(client.post(f"/admin/accounts/user/{chief.pk}/password/"))
    assert client.get("/admin/").url.startswith("/compte/password/change/")


def test_reset_second_factor_asks_then_logs(client, chief):
    user = make_user("camille", totp=True)
    choice = {"action": "reset_second_factor", "_selected_action": [user.pk]}
    page = client.post("/admin/accounts/user/", choice)
    assert "camille" in page.content.decode()
    assert Authenticator.objects.filter(user=user).exists()
    answer = client.post("/admin/accounts/user/", choice | {"confirmed": "1"})
    assert answer.status_code == 302
    assert not Authenticator.objects.filter(user=user).exists()
    assert Authenticator.objects.filter(user=chief).exists()
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_repr) == (chief, "camille")
    assert entry.get_change_message() == "Second facteur réinitialisé."


def test_nobody_locks_themselves_out(client, chief):
    page = client.get(f"/admin/accounts/user/{chief.pk}/change/")
    fields = page.context["adminform"].form.fields
    assert "role" not in fields and "is_active" not in fields


def test_accounts_and_agents_are_not_deleted(client, chief, unit):
    user = make_user("camille")
    agent = Agent.objects.create(user=user, unit=unit, public_name="Camille")
    assert client.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/chat/agent/{agent.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.post(f"/admin/accounts/user/{user.pk}/change/", {}).status_code == 200


def test_admin_sign_out_and_password_lead_to_the_account(client, chief):
    assert client.get("/admin/password_change/").url == "/compte/password/change/"
    assert client.get("/admin/logout/").status_code == 405
    assert client.post("/admin/logout/").url == "/compte/login/"
    assert client.get("/admin/").url.startswith("/compte/login/")


def test_admin_own_login_view_is_not_used(client, chief):
    assert client.get("/admin/login/").url == "/admin/"
    client.logout()
    assert client.get("/admin/login/").url.startswith("/compte/login/")


def test_log_of_an_opinion_repeats_nothing_of_it():
    """The log keeps `str(object)` for ever: what a visitor wrote must not be in it."""
    opinion = give_feedback(rating="yes", page="other", text="MARQUE")
    assert opinion.text == "MARQUE"
    assert "MARQUE" not in str(opinion)


# --- accounts of units ------------------------------------------------------------------------------------------------


def test_create_account_of_a_unit_with_its_point(client, chief):
    point = places.reception_point()
    answer = client.post("/admin/accounts/user/add/", account_form(role="unit"))
    assert "Un compte d&#x27;unité a besoin d&#x27;un point d&#x27;accueil." in answer.text
    assert first_password(
        client.post("/admin/accounts/user/add/", account_form(role="unit", **{"unit_account-0-point": str(point.pk)}))
    )
    user = User.objects.get(username="camille")
    assert user.unit_account.point is None, "a second administrator agrees first (tests/accounts/test_reviewed.py)"
    assert PendingChange.objects.get().after == {"point": point.pk} and not Agent.objects.filter(user=user).exists()


def test_no_other_role_has_a_point(client, chief):
    point = places.reception_point()
    answer = client.post(
        "/admin/accounts/user/add/", account_form(role="custodian", **{"unit_account-0-point": str(point.pk)})
    )
    assert "Seul un compte d&#x27;unité a un point d&#x27;accueil." in answer.text
    assert not User.objects.filter(username="camille").exists()


def test_lists_of_agents_and_unit_accounts_name_the_account_in_french(client, chief):
    make.agent()
    transmissions.account()
    for model in ("agent", "unitaccount"):
        page = client.get(f"/admin/chat/{model}/").text
        form = client.get(re.search(rf'href="(/admin/chat/{model}/[^"]+/change/[^"]*)"', page)[1]).text
        assert ">Compte</a>" in page and "Compte" in form, model
        assert ">User" not in page and "User :" not in form and "User:" not in form, model
