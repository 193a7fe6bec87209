import uuid

import pytest
from django.contrib.admin.sites import AdminSite, site
from django.test import RequestFactory
from django.utils import timezone

from pnav.accounts.models import User
from pnav.pages.actions import give_feedback
from pnav.pages.admin import FeedbackAdmin, HelpNumberAdmin, ReviewFilter, verify_today
from pnav.pages.models import ContentBlock, Feedback, HelpNumber

pytestmark = pytest.mark.django_db


def filtered(value: str):
    request = RequestFactory().get("/", {"review": value})
    admin = HelpNumberAdmin(HelpNumber, AdminSite())
    return ReviewFilter(request, {"review": [value]}, HelpNumber, admin).queryset(request, HelpNumber.objects.all())


def test_review_filter_doubt():
    assert {number.number for number in filtered("doubt")} == {"3919"}


def test_review_filter_overdue_then_verified(rf, monkeypatch):
    HelpNumber.objects.exclude(number="3919").update(verified_on=timezone.localdate())
    assert {number.number for number in filtered("overdue")} == {"3919"}
    admin = HelpNumberAdmin(HelpNumber, AdminSite())
    said = []
    monkeypatch.setattr(admin, "message_user", lambda *arguments: said.append(str(arguments[-1])))
    verify_today(admin, rf.get("/"), filtered("overdue"))
    assert said == ["1 vérifié(s) aujourd'hui."]
    assert not filtered("overdue").exists()


def test_feedback_that_no_key_opens_says_so(caplog):
    feedback = give_feedback(rating="yes", page="home", text="Clair")
    admin = FeedbackAdmin(Feedback, AdminSite())
    assert admin.read_text(feedback) == "Clair"
    feedback.place = uuid.uuid4()
    assert "ne peut pas être lu" in admin.read_text(feedback)
    assert f"opinion cannot be opened {feedback.pk}" in caplog.text


def test_feedback_is_read_only():
    admin = FeedbackAdmin(Feedback, AdminSite())
    request = RequestFactory().get("/")
    assert not admin.has_add_permission(request) and not admin.has_change_permission(request)


@pytest.mark.parametrize("model", [HelpNumber, ContentBlock, Feedback])
def test_admin_pages_draw(rf, model):
    give_feedback(rating="yes", page="home", text="Clair")
    request = rf.get("/")
    request.user = User.objects.create_superuser("a", password="x")
    request.session = {}
    admin = site.get_model_admin(model)
    listing = admin.changelist_view(request).render().content.decode()
    assert 'id="result_list"' in listing
    if model is not Feedback:
        assert "column-verified_on" in listing
    change = admin.change_view(request, str(model.objects.first().pk))
    page = change.render().content.decode()
    assert change.status_code == 200
    assert ("Vérification" in page) == (model is not Feedback)
