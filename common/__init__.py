"""The ground that every app builds on and that belongs to no app: encryption, SQL, limits, service settings, texts."""
