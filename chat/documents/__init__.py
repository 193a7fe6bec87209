"""Documents as PDF that a screen reader can read: a transcript, the slip of an appointment."""
