"""How much each page shows, on both sites."""

WAITING, MESSAGES = 20, 20
