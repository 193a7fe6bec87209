"""Proof of date: one tree of digests a day, stamped by time-stamping authorities (docs/adr/0084)."""
