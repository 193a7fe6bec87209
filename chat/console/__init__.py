"""These are the pages of agents, below /console/: one module for each page, and `base` for what they share."""
