"""Casework: what an agent does beside the messages: facts, proposals, emergencies, notes, closing."""
