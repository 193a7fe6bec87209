"""Deletion by the retention rules, the traces that it leaves, and the monthly proof of it (docs/adr/0033)."""
