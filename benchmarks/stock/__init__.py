"""The baseline of `benchmarks.pages`: the same three pages as a plain Django project, served by gunicorn.

What `django-admin startproject` writes, with PostgreSQL and the pool of our own settings: no sealed content, no content
policy, no compression, no second language, one template with a base. Nothing in it is slowed down.
"""
