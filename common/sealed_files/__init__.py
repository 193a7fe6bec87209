"""Handles files so that they are never unencrypted on a disk, nor whole in memory (docs/adr/0082).

chunks  encrypts a file in chunks, each bound to its place in the file; pure
spool   keeps the body of a request while it is served, encrypted with a key that only this process has
folder  a store of Django's storage API in a folder, which has written a file to the disk when it returns
answer  sends a file piece by piece
"""
