import pytest

from pnav.accounts.models import Role, User


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cookie", "accepted", "expected"),
    [
        (None, "fr-FR", "fr"),
        (None, "en-US,en", "en"),
        (None, "", "fr"),
        ("en", "fr-FR", "en"),
        ("fr", "en", "fr"),
        ("xx", "fr", "fr"),
    ],
)
def test_language_of_the_home_page_is_the_chosen_one_or_the_browsers(client, cookie, accepted, expected):
    if cookie:
        client.cookies["django_language"] = cookie
    response = client.get("/", headers={"Accept-Language": accepted} if accepted else {}, follow=True)
    assert response.headers["Content-Language"] == expected
    assert f'<html lang="{expected}"' in response.text


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/compte/login/", "/console/", "/unite/", "/levees/", "/ecoute/", "/admin/"])
def test_rooms_of_staff_say_that_they_are_in_french(client, address):
    client.cookies["django_language"] = "en"
    response = client.get(address, follow=True)
    assert response.headers["Content-Language"] == "fr"
    assert '<html lang="fr"' in response.text and "Se connecter" in response.text


@pytest.mark.django_db
def test_account_shows_its_own_language_to_who_reads_the_site_in_another(client):
    account = User.objects.create_user("camille", password="a password for tests", role=Role.AGENT)
    client.cookies["django_language"] = "en"
    client.force_login(account)
    page = client.get("/compte/2fa/", follow=True)
    assert '<html lang="fr"' in page.text
    assert '<html lang="en"' in client.get("/accessibilite/", follow=True).text
