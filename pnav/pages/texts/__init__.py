"""This module has what Pnav says on pages that belong to no other app: entries of the catalogue of `common.texts`."""
