"""Pure rules, without a database: lifecycle, assignment, limits, small counts, and how typed text is read."""
