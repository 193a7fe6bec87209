"""Runs the web server inside a process: what it serves, whose request is next, and how a request is refused."""
