"""`make siege`: honest people beside one attacker after another, then beside all of them, on real processes."""
