"""Asking for what names a person to be opened, and carrying the answer (docs/adr/0032)."""
