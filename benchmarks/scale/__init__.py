"""A year of exchanges in the database, tens of thousands or millions, and what it changes for each page and duty."""
