"""This is the proof of date: a tree of digests for each day, which time-stamping authorities sign (docs/adr/0084)."""
