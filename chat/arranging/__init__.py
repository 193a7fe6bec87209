"""This is how somebody arranges the parts of a page: the board of a supervisor, the dossier of an agent."""
