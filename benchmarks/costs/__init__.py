"""What each act of a visitor or of an account may cost, and a drive of all of them with the worst input of their kind.

`table` is the list, `inputs` the worst inputs, `drive` the measuring; `python -m benchmarks.costs` prints and judges.
"""
