"""Lists that grow with the years, a page at a time."""
