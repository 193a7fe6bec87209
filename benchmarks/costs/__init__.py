"""This package says what each act of a visitor or an account may cost, and drives all of them with the worst input.

`table` is the list, `inputs` the worst inputs, `drive` the measuring; `python -m benchmarks.costs` prints and judges.
"""
