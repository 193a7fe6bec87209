"""This is the board, on which supervisors see the service at this moment, and how they join a conversation."""
