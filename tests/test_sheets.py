"""A page names its style sheets in its header, and nothing else does."""

import re

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client

from pnav.sheets import add_link, name_sheet

# A style sheet that every page needs, and not one that is loaded later for printing.
SHEET = re.compile(r'<link rel="stylesheet" href="([^"]+)">')


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/", "/en/", "/orientation/maintenant/", "/mineurs/", "/accessibilite/"])
def test_page_names_the_sheets_that_it_loads(client: Client, page: str):
    answer = client.get(page, follow=True)
    named = re.findall(r"<([^>]+)>; rel=preload; as=style", answer.headers["Link"])
    assert len(named) >= 2 and named == SHEET.findall(answer.text), "all of them, in their order, each once"
    assert "Link" not in client.get("/robots.txt").headers


@pytest.mark.django_db
def test_who_has_been_here_is_told_nothing_again(client: Client):
    assert "Link" in client.get("/").headers and client.cookies
    assert "Link" not in client.get("/").headers


def test_what_is_no_page_names_none():
    request = HttpRequest()
    assert "Link" not in add_link(request, HttpResponse()).headers
    name_sheet(request, "/static/a.css")
    name_sheet(request, "/static/a.css")
    assert "Link" not in add_link(request, HttpResponse(content_type="application/json")).headers
    assert add_link(request, HttpResponse()).headers["Link"] == "</static/a.css>; rel=preload; as=style"


@pytest.mark.django_db
def test_exit_is_there_before_the_sheets_that_nothing_waits_for(client: Client):
    """A script after the style sheets waits for them, and the rest of the page waits for it."""
    head, _, body = client.get("/").text.partition("</head>")
    exit_, sheet = head.index("quick-exit.js"), head.index('rel="stylesheet"')
    assert head.index("<title>") < exit_ < sheet
    assert not re.findall(r"<script(?![^>]* type=.module)", head[sheet:] + body)


@pytest.mark.django_db
def test_scripts_of_the_home_page_leave_the_line_to_its_sheets(client: Client):
    modules = re.findall(r'<link rel="modulepreload"[^>]*>|<script type="module"[^>]*>', client.get("/").text)
    assert len(modules) >= 2 and all('fetchpriority="low"' in one for one in modules)
