"""How much each page shows, on both sides."""

WAITING, MESSAGES = 20, 20
