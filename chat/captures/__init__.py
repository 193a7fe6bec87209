"""Captures that a person hands in: sealed on arrival, seen as pixels that we drew, opened by an act (ADR 0082).

store      where chunks lie, and their end
receiving  beginning a file, its slices, its end: what the person does
handouts   what an agent hands to the person: sent, taken back, read
queries    readings of captures, for whoever has proven access
drawing    the worker's turn: scan, draw, seal the drawings
scanner    clamd, where there is one
opening    the original, opened by a unit for a motive; and a capture that is locked
answers    the answer with a drawing; what a document says of captures
"""
