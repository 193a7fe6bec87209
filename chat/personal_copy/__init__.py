"""« Ma copie »: what a person told and what was decided, as one archive that checks itself offline (docs/adr/0085).

archive  pure: files, their digests, the zip; `bundle` puts our modules into one page that opens from a disk
lock     pure: an archive inside a page that decrypts itself, closed by words
parts    what a copy holds: the registry of its parts, each with its JSON and what stands of it on paper
schema   the published JSON Schema of `copie.json`
agent_archive  the same machinery for the agent who answers: their document, as PDF and JSON
dossier  the whole: readings, papers drawn by child processes, the archive
receipts_page  what the staff's pages of receipts share (`chat.conversations.receipts`)
"""
