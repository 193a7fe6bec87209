"""What Pnav says in a conversation and on the pages around it: entries of the catalogue of `common.texts`."""
