"""The agent's pages, below /console/: one module a page, `base` for what they share."""
