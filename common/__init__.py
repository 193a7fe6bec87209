"""What every app builds on, and what is about no app: encryption, SQL, limits, settings of the service, texts."""
