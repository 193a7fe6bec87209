"""Shows a text of the admin on its page before it is saved."""
