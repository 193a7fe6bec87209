"""These are the sentences that Pnav says in a conversation and on the pages around it (`common.texts.catalogue`)."""
