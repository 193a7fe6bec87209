"""This module has what every app uses and no app owns: encryption, SQL, rate limits, service settings, texts, metrics,
files."""
