"""Files that never lie in clear on a disk, nor whole in memory (docs/adr/0082).

chunks  a file sealed in chunks, each one for its own place; pure
spool   what a request carries, while it is served: sealed under a key that this process alone holds
folder  a folder as a store of Django's storage API, which has written when it says so
"""
