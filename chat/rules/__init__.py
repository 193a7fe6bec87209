"""What follows from facts alone, without a database: lifecycle, assignment, limits, wording of plain text. Pure."""
