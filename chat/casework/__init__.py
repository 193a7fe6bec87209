"""What the agent who answers does beside the messages: facts, proposals, emergencies, notes, closing."""
