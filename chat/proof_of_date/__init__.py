"""Proof of date of what is in an exchange: its messages and the facts of its journal (docs/adr/0084)."""
