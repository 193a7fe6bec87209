"""Handovers of a conversation from one agent to another: acts, queries and forms (docs/adr/0038)."""
