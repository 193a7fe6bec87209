"""Deletion by rule, what it leaves behind, and the proof of it (docs/adr/0033)."""
