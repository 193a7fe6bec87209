"""This module says which supervisor decides about openings, freezes and erasures, and who is on call for it."""
