"""The numbers that an administrator may set: what each means, and what it is worth now (docs/adr/0044)."""
