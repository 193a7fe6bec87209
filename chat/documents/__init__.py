"""These are PDF documents for screen readers: the transcript of an exchange, the slip of an appointment."""
