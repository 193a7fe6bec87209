"""The admin's look at a text on its page before it is saved."""
