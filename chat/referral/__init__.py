"""Transmissions: summaries of exchanges that are sent to a unit, and what follows (docs/adr/0045)."""
