"""The journal of facts (ADR 0079): what a person notes, in which order it stands, and what it tells at a glance."""
