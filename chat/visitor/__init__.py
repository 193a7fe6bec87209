"""The pages of the person who seeks help, below /tchat/: one module a page."""
