"""Passwords of tests: the real algorithm, which live servers verify, without the half second that slows a thief."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1
