import pytest


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("cookie", "accepted", "expected"),
    [(None, "en-US,en", "fr"), ("en", "fr-FR", "en"), ("fr", "en", "fr"), ("xx", "en", "fr")],
)
def test_language_is_the_chosen_one_or_french(client, cookie, accepted, expected):
    if cookie:
        client.cookies["django_language"] = cookie
    response = client.get("/", headers={"Accept-Language": accepted})
    assert response.headers["Content-Language"] == expected
    assert f'<html lang="{expected}"' in response.text
