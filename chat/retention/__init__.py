"""This is the end of conversations: when each one ends, and the deletion of those that are due (docs/adr/0033)."""
