"""What follows from facts alone, without a database: openings, retention, elements of an offence. Pure."""
