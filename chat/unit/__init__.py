"""These are the pages of a unit's account, below /unite/."""
