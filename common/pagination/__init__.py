"""Paginates lists of the admin whose tables grow over the years."""
