"""Changes that wait for a second administrator (docs/adr/0054)."""
