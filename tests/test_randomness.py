"""Random bytes that are drawn in bulk: each is used once, and all characters are equally likely."""

import os
import string
import threading
from collections import Counter

from django.http import HttpRequest
from django.middleware import csrf

from pnav import randomness
from pnav.logs import begin_request
from pnav.randomness import AT_ONCE, random_bytes, random_text

CHARACTERS = string.ascii_letters + string.digits


def test_bytes_are_those_of_the_system_and_each_comes_once(monkeypatch):
    drawn = []
    monkeypatch.setattr(randomness, "_drawn", randomness._Drawn())
    monkeypatch.setattr(os, "urandom", lambda count: drawn.append(bytes([len(drawn)]) * count) or drawn[-1])
    taken = [random_bytes(1000) for _each in range(8)]
    assert [len(one) for one in taken] == [1000] * 8 and [len(one) for one in drawn] == [AT_ONCE] * 2
    assert taken == [b"\0" * 1000] * 4 + [b"\1" * 1000] * 4, "what is left of one draw is never joined to the next"
    assert len(random_bytes(2 * AT_ONCE)) == 2 * AT_ONCE


def test_threads_and_forks_do_not_share_them(monkeypatch):
    random_bytes(1)
    left = randomness._drawn.left
    elsewhere = []
    thread = threading.Thread(target=lambda: elsewhere.append(random_bytes(8)))
    thread.start()
    thread.join()
    assert elsewhere[0] not in left
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert random_bytes(8) not in left


def test_all_letters_and_digits_are_equally_likely():
    counted = Counter(random_text(124_000))
    assert sorted(counted) == sorted(CHARACTERS)
    # 2,000 of each are expected; 6 standard deviations are 268.
    assert all(abs(count - 2_000) < 268 for count in counted.values())
    assert {len(random_text(length)) for length in (0, 1, 32, 5_000)} == {0, 1, 32, 5_000}


def test_token_of_a_form_is_drawn_so_and_is_one_for_django():
    request = HttpRequest()
    tokens = {csrf.get_token(request) for _each in range(50)}
    secret = request.META["CSRF_COOKIE"]
    assert len(tokens) == 50 and len(secret) == csrf.CSRF_SECRET_LENGTH
    for token in tokens:
        csrf._check_token_format(token)
        assert csrf._does_token_match(token, secret)
    assert csrf._get_new_csrf_string.__module__ == "pnav.pages.apps"


def test_id_of_a_request_is_another_each_time():
    assert len({begin_request() for _each in range(1_000)}) == 1_000
    assert len(begin_request()) == 16
