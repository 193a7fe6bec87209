"""What a password may be: long, of any signs, kept as it was typed; and not what everybody here would think of."""

from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from pnav.accounts.models import User
from pnav.accounts.passwords import WORDS, unforeseen
from tests.accounts.cast import PASSWORD, make_user, sign_in


@pytest.mark.parametrize(
    "password",
    [
        "policenationale",
        "Gendarmerie2026!",
        "PNAV-police-2026",
        "harcèlementvictime",
        "commissariat93",
        "MotDePasse12345678",
        "azertyazerty!",
        "123456789012",
        "aaaaaaaaaaaaaaaa",
        "abcdefghijklmnop",
        "zyxwvutsrqponmlk",
    ],
)
def test_password_that_everybody_here_would_think_of(password):
    with pytest.raises(ValidationError) as refused:
        validate_password(password)
    assert "password_guessable" in {error.code for error in refused.value.error_list}


@pytest.mark.parametrize(
    "password",
    [
        "840275913468",  # digits only
        "xkqvbrmtzwpj",  # small letters only
        "UNE PHRASE EN CAPITALES",
        "une girafe de police boit du thé",  # words of the house among others
        "пароль на кухне",
        "🦒🌋🧵🎻🪁🦑🥨🛶🪐🧊🎡🦔",
        "x3" * 40,
    ],
)
def test_password_of_any_signs(password):
    validate_password(password)


def test_unforeseen_leaves_words_and_rows_out():
    assert unforeseen("Pnav-2026") == "-2026"
    assert unforeseen("abcd") == "a"
    assert unforeseen("Élan") == "elan"


def test_words_are_written_as_they_are_compared():
    """Otherwise a word would never be found."""
    assert all(word.isascii() and word.islower() and word.isalpha() for word in WORDS)
    assert len(set(WORDS)) == len(WORDS)


@pytest.mark.django_db
def test_password_is_kept_as_typed(client):
    """Spaces at the ends, capitals, and what comes after the 72nd character: all of it counts, in both forms."""
    make_user("camille", totp=True)
    sign_in(client, "camille")
    new = "  Une phrase À ELLE, " + "longue et " * 12 + "finie  "
    assert len(new) > 128
    sent = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post("/compte/password/change/", sent).status_code == 302
    client.post("/compte/logout/")
    for other in (new.strip(), new.lower(), new[:72], new[:-1]):
        refused = client.post("/compte/login/", {"login": "camille", "password": other})
        assert refused.status_code == 200, other
    right = client.post("/compte/login/", {"login": "camille", "password": new})
    assert right.url == "/compte/2fa/authenticate/"


@pytest.mark.django_db
def test_password_change_asks_for_the_old_one(client):
    make_user("camille", totp=True)
    sign_in(client, "camille")
    new = "encore une autre phrase"
    for old in ("", "pas la bonne"):
        answer = client.post("/compte/password/change/", {"oldpassword": old, "password1": new, "password2": new})
        assert answer.status_code == 200
    assert User.objects.get().check_password(PASSWORD)


@pytest.mark.django_db
def test_password_fields_hide_what_is_typed_and_let_managers_fill_it(client):
    """Nothing of ours stands between a field and the clipboard."""
    page = client.get("/compte/login/").text
    assert 'type="password"' in page and 'autocomplete="current-password"' in page
    make_user("camille", totp=True)
    sign_in(client, "camille")
    change = client.get("/compte/password/change/").text
    assert change.count('type="password"') == 3 and change.count('autocomplete="new-password"') >= 1
    scripts = list((Path(settings.BASE_DIR) / "static" / "pnav").glob("*.js"))
    assert scripts
    assert not [path.name for path in scripts if "paste" in path.read_text()]


@pytest.mark.django_db
def test_no_account_comes_with_the_code():
    assert not User.objects.exists()
