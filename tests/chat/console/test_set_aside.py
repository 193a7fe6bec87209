"""What becomes of a capture that was set aside: a supervisor of the unit deletes it by law, or gives it back."""

import pytest
from django.utils import timezone

from chat.captures import opening, store
from chat.models import Capture
from chat.supervision.intervention import reassign
from pnav.accounts.models import Role
from reports.audit import for_the_person, wording
from reports.models import AccessKind, AccessRecord, CaptureContact
from tests.chat.console.agents import signed_in
from tests.factories import captures as make_captures
from tests.factories import chat as make
from tests.support.reading import squeezed

pytestmark = pytest.mark.django_db
PAGE, BOARD = "/console/captures-de-cote/", "/console/tableau/"


@pytest.fixture
def locked():
    """Return a capture that was set aside, and its supervisor's browser."""
    conversation = make.assigned()
    capture = make_captures.seen(conversation, name="NOM.png")
    opening.lock_capture(capture, motive="x", by=conversation.assigned_to.user)
    return make_captures.fresh(capture), signed_in(supervisor_of(conversation).user)


def supervisor_of(conversation):
    chief = make.agent(role=Role.SUPERVISOR, unit_name="La sienne")
    chief.unit = conversation.assigned_to.unit
    chief.save(update_fields=["unit"])
    return chief


def address(capture):
    return f"{PAGE}{capture.conversation.public_id}/{capture.public_id}/"


def line():
    found = AccessRecord.objects.filter(kind=AccessKind.CAPTURE_LOCKED).order_by("-number").first()
    return found.motive, wording.in_words(found.kind, found.detail)


def test_supervisor_sees_that_there_is_one_and_nothing_of_it(locked):
    capture, browser = locked
    page = browser.get(PAGE).text
    assert str(capture.conversation.public_id) in page
    assert "NOM.png" not in page and "<img" not in page and capture.words["sha256"] not in page


def test_supervisor_reads_whom_to_tell_or_that_nobody_is_named(locked):
    _capture, browser = locked
    assert "pas encore nommée par le service" in browser.get(PAGE).text
    CaptureContact.objects.create(name="Commandant Essai, référent", reach="poste 12 34")
    page = browser.get(PAGE).text
    assert "Commandant Essai, référent" in page and "poste 12 34" in page and "pas encore nommée" not in page


def test_board_counts_what_waits_for_this_supervisor_without_reading_them(locked, django_assert_num_queries):
    capture, browser = locked
    make_captures.seen(capture.conversation)  # a capture of the same exchange that is not set aside
    theirs = make.assigned(make.agent(unit_name="Une autre"))
    make.agent(role=Role.SUPERVISOR, unit_name="Une autre")
    opening.lock_capture(make_captures.seen(theirs), motive="x", by=theirs.assigned_to.user)
    assert "1 capture mise de côté attend une décision." in squeezed(browser.get(BOARD).text)
    elsewhere = make.agent(role=Role.SUPERVISOR, unit_name="Une troisième").user
    assert "mise de côté" not in signed_in(elsewhere).get(BOARD).text
    with django_assert_num_queries(2):  # who asks, and how many; what is drawn for them does not use Django's cursor
        assert opening.count_locked(elsewhere, timezone.now()) == 0
    browser.post(address(capture), {"motive": "mistake", "act": "return"})
    assert "mise de côté" not in browser.get(BOARD).text


def test_deleted_by_law_it_is_nowhere(locked, django_capture_on_commit_callbacks):
    capture, browser = locked
    with django_capture_on_commit_callbacks(execute=True):
        answer = browser.post(address(capture), {"motive": "law", "act": "delete", "told": "on"})
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    assert not Capture.objects.exists()
    with pytest.raises(store.StoreAway):
        store.read_chunk(capture.store_id, store.ORIGINAL, 0, capture.tokens[0])
    motive, told = line()
    assert "parquet" in motive and told == "capture n° 1 supprimée, la personne désignée étant prévenue"
    assert browser.post(address(capture), {"motive": "law", "act": "delete", "told": "on"}).status_code == 404


def test_nothing_is_deleted_before_the_named_person_was_told(locked):
    capture, browser = locked
    refused = browser.post(address(capture), {"motive": "law", "act": "delete"})
    assert refused.status_code == 422 and "prévenez la personne désignée, puis cochez" in squeezed(refused.text)
    assert 'value="law" selected' in refused.text and make_captures.fresh(capture).locked_at is not None


def test_given_back_its_agent_sees_it_again(locked):
    capture, browser = locked
    browser.post(address(capture), {"motive": "mistake", "act": "return"})
    assert make_captures.fresh(capture).locked_at is None
    assert line()[1] == "capture n° 1 rendue"
    told = for_the_person.readings_of([capture.conversation.public_id])
    assert [one.who for one in told] == ["Un superviseur", "La personne qui a répondu"]


@pytest.mark.parametrize("sent", [{}, {"motive": "law"}, {"act": "delete"}, {"motive": "x", "act": "delete"}])
def test_nothing_is_done_without_a_motive_and_an_act(locked, sent):
    capture, browser = locked
    assert browser.post(address(capture), sent).status_code == 422
    assert make_captures.fresh(capture).locked_at is not None


def test_supervisor_of_another_unit_and_its_agent_decide_nothing(locked):
    capture, _browser = locked
    elsewhere = signed_in(make.agent(role=Role.SUPERVISOR, unit_name="Une autre").user)
    assert str(capture.conversation.public_id) not in elsewhere.get(PAGE).text
    assert elsewhere.post(address(capture), {"motive": "law", "act": "delete", "told": "on"}).status_code == 404
    own = signed_in(capture.conversation.assigned_to.user)
    assert own.get(PAGE).status_code == own.post(address(capture), {}).status_code == 403
    assert Capture.objects.filter(pk=capture.pk).exists()


@pytest.mark.parametrize("is_given_back", [False, True])
def test_supervisor_who_set_it_aside_does_not_delete_it(locked, is_given_back):
    """A supervisor takes an exchange and sets a capture aside as its agent. Somebody else of the unit decides.

    So it stays when the exchange has another agent again, and the page says it.
    """
    first, _browser = locked
    agent = first.conversation.assigned_to
    chief, other = supervisor_of(first.conversation), supervisor_of(first.conversation)
    reassign(conversation_id=first.conversation_id, by=chief, agent_id=chief.pk, motive="m")
    capture = make_captures.seen(first.conversation)
    opening.lock_capture(capture, motive="x", by=chief.user)
    if is_given_back:
        reassign(conversation_id=first.conversation_id, by=other, agent_id=agent.pk, motive="m")
    browser, sent = signed_in(chief.user), {"motive": "law", "act": "delete", "told": "on"}
    page = squeezed(browser.get(PAGE).text)
    assert page.count("Vous avez répondu à cet échange") == 2 and "Supprimer pour toujours" not in page
    assert "2 captures mises de côté attendent une décision." in squeezed(browser.get(BOARD).text)
    for act in ("delete", "return"):
        assert browser.post(address(capture), sent | {"act": act}).status_code == 404
    assert make_captures.fresh(capture).locked_at is not None
    colleague = signed_in(other.user)
    assert squeezed(colleague.get(PAGE).text).count("Supprimer pour toujours") == 2
    assert colleague.post(address(capture), sent).status_code == 302
    assert list(Capture.objects.values_list("pk", flat=True)) == [first.pk]


def test_what_is_not_set_aside_is_not_there(locked):
    _capture, browser = locked
    other = make_captures.seen(make.assigned())
    assert browser.post(address(other), {"motive": "law", "act": "delete", "told": "on"}).status_code == 404
