"""These are the pages of the person who seeks help, below /tchat/, with one module for each page."""
