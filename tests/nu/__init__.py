"""Runs the Nu HTML Checker over every page of a visitor that the tests draw, in each of its states: `make html`.

The standard's own checker finds what no parser finds: an invalid date, a role that an element may not have, an
attribute without a meaning. The tests already parse strictly (`tests/support/strict_html.py`), so this runs only on
request: it needs Java, and takes a minute.
"""
