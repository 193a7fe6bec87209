"""The frame around the pages of an account is that of the staff, with links to the pages of their roles."""

import pytest
from django.test import Client
from django.urls import reverse

from pnav.accounts.models import Role
from pnav.accounts.workspaces import ROOMS
from tests.accounts.cast import make_user, sign_in

pytestmark = pytest.mark.django_db
# Parts of the frame of visitors' pages: an agent who types capitals in a password must not trigger the quick exit.
VISITORS = ("Quitter rapidement", "quick-exit", "English", "Menu principal", "Aidez-nous à améliorer ce service")
PAGES = (
    "account_change_password", "mfa_index", "mfa_list_webauthn",
    "mfa_reauthenticate", "account_logout",
)  # fmt: skip


def frame_of(text: str) -> str:
    """Return what stands above the page itself."""
    return text.partition("<main")[0]


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", PAGES)
def test_page_of_the_account_has_the_frame_of_staff(client: Client, role: Role, name: str) -> None:
    make_user("marie", role, totp=True)
    sign_in(client, "marie")
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert [words for words in VISITORS if words in response.text] == []
    frame = frame_of(response.text)
    assert all(f'href="{room.url}"' in frame for room in ROOMS[role])
    for way in ("pages:display_settings", "pages:accessibility", "mfa_index", "account_logout"):
        assert f'href="{reverse(way)}"' in frame


@pytest.mark.parametrize("role", Role)
def test_account_leads_on_to_the_rooms_of_its_role(client: Client, role: Role) -> None:
    make_user("marie", role, totp=True)
    sign_in(client, "marie")
    page = client.get(reverse("mfa_index")).text.partition("<main")[2]
    assert all(f'href="{room.url}">Entrer : {room.label}' in page.replace("&#x27;", "'") for room in ROOMS[role])


def test_session_that_is_not_complete_is_shown_no_room(client: Client) -> None:
    make_user("marie", temporary=True)
    sign_in(client, "marie", totp=False)
    for name in ("account_change_password", "account_logout"):
        text = client.get(reverse(name)).text
        assert reverse("console:home") not in text and "Se déconnecter" in frame_of(text)
        assert [words for words in VISITORS if words in text] == []


@pytest.mark.parametrize("name", ["account_login", "account_inactive"])
def test_signed_out_the_frame_leads_back_to_the_site(client: Client, name: str) -> None:
    text = client.get(reverse(name)).text
    assert [words for words in VISITORS if words in text] == []
    frame = frame_of(text)
    assert f'href="{reverse("pages:home")}"' in frame and f'href="{reverse("pages:accessibility")}"' in frame
    assert "Se déconnecter" not in frame and reverse("console:home") not in frame


def test_second_step_has_the_frame_of_staff(client: Client) -> None:
    make_user("marie", totp=True)
    sign_in(client, "marie", totp=False)
    text = client.get(reverse("mfa_authenticate")).text
    assert "Deuxième étape" in text and [words for words in VISITORS if words in text] == []
    assert reverse("console:home") not in frame_of(text)
