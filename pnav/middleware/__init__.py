"""This is the middleware: what is done with every request before its page, and with the response after it."""
