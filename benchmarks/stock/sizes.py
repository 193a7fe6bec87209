"""This module says how much each page shows, on both sides."""

WAITING, MESSAGES = 20, 20
