"""A summary handed on to a unit: acts, queries and forms (docs/adr/0045)."""
