"""Identity disclosure: requests to open a value that names a person, and the way of the answer (docs/adr/0032)."""
