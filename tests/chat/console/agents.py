"""Agents who are signed in, and the address of a conversation in their console."""

from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.test import Client

from pnav.accounts.models import User
from pnav.accounts.second_factor import enrol_totp, record_enrolment

CONSOLE = "/console/"


def signed_in(user: User) -> Client:
    """Return a browser in which this person proved password and second factor."""
    enrol_totp(user, generate_totp_secret())
    client = Client()
    client.force_login(user)
    session = client.session
    record_enrolment(user, session)
    session.save()
    return client


def page_of(conversation) -> str:
    return f"/console/echange/{conversation.public_id}/"
