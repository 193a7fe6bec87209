"""Passwords: which are refused, and how they are hashed."""
