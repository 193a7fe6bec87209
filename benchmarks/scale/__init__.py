"""This is a year of exchanges in the database, tens of thousands or millions: what it changes for each page and each
duty.
"""
