"""Our admin site: who may see it, what is logged of it, and agents made of a sheet."""
