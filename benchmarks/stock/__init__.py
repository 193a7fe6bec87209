"""The baseline of `benchmarks.pages`: the same three pages as a plain Django project, served by gunicorn.

It is what `django-admin startproject` writes, with PostgreSQL and the pool of our own settings. It has no sealed
content, no content policy, no compression, no second language, and one template with a base. Nothing in it is made
slower on purpose.
"""
