"""« Ma copie »: an archive of what a person told and what was decided, which can be verified offline (docs/adr/0085).

archive  pure: files, their digests, the zip; `bundle` makes one script of our modules for a page that opens from a disk
lock     pure: encrypts an archive with words, inside a page that decrypts it
parts    the list of a copy's parts, each with its JSON and its text for the PDF
schema   the published JSON Schema of `copie.json`
agent_archive  the same for the agent: their document of the exchange, as PDF and JSON
person_archive  makes the whole copy: reads the parts, has the PDFs rendered, and writes the archive
receipts_page  what the staff's pages of receipts share (`chat.conversations.receipts`)
"""
