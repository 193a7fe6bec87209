"""This is the audit log: who read or did what, and its digests (docs/adr/0031, 0056)."""
