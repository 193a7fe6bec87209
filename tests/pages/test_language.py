import pytest


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
