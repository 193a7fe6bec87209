"""The Nu HTML Checker over every page of a visitor that the tests draw, in each of its states: `make html`.

The standard's own checker finds what no parser does: a date that is none, a role that an element may not have, an
attribute that means nothing. The tests parse strictly already (`tests/support/strict_html.py`), so this runs when it is
asked for: it needs Java, and a minute of it.
"""
