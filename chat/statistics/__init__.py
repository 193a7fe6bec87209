"""Statistics: what the service did, in numbers, and how many agents it needs."""
