"""This is the proof of date of an exchange's messages, facts and captures (docs/adr/0084)."""
