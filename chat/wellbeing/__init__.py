"""Agents' talks with the psychologist, and the psychologist's pages, below /ecoute/."""
