"""Conversations: opening, the queue and its dispatcher, presence, pauses, leaving and coming back."""
