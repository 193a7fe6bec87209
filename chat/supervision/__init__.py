"""What supervisors see of the service at this moment, and how they step into a conversation."""
