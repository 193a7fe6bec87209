"""The browser of a person who has a code de reprise, and what it sends."""

from html import unescape

from django.urls import reverse

from chat.conversations import resume

PAGE = "/tchat/"
WRONG = "abeille castor girafe ananas miel"


def shown(response) -> str:
    return unescape(response.text)


def issue(conversation) -> str:
    return resume.issue_code(conversation_id=conversation.pk).text


def send(client, text):
    return client.post(reverse("chat:resume"), {"code": text})


def mark_of(client) -> str:
    """Return the mark of a page that asks for the code, opened by this client."""
    page = client.get(reverse("chat:resume")).text
    return page.split('name="mark" value="')[1].split('"')[0]


# --- the page of the code ---------------------------------------------------------------------------------------------


def code_on_page(response) -> str:
    page = unescape(response.text)
    return page[page.index('pnav-chat__code" lang="fr">') + 27 :].split("<")[0]


ANSWERS = {"version": "1", "answers": {"role": "victim", "age": "under_15"}, "chat_anyway": False}
