"""The pages of a unit's account, below /unite/."""
