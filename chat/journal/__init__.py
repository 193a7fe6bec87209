"""This is the journal of facts (ADR 0079): what a person notes, its order, and what it shows at a glance."""
