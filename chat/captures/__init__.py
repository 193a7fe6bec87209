"""Captures: files that a person uploads. They are encrypted, and shown as pixels that we drew (ADR 0082).

store      stores and deletes encrypted chunks
receiving  what the person does: begin a file, send its slices, show it, take it back, erase it
handouts   files that an agent sends to the person
queries    reads captures, for callers that have proven access
drawing    what the worker does: scan, draw, encrypt the drawings
scanner    asks clamd, if there is one
opening    opening an original for a motive; locking a capture
answers    the HTTP answer with a drawing; what a document says of captures
"""
