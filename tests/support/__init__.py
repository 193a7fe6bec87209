"""The tools of the tests. What they test is in the other folders."""
