"""What the tests stand on: their machinery, none of their subjects."""
