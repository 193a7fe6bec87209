"""The Typst source of rows of a table that are not cut between two pages."""

# `cells` draws a row. It goes to the next page whole, unless it may be longer than a page: what cannot be broken would
# then run off the paper. widths: how many bytes of text a line of each column has. most: how many lines a page has room
# for, also in the widest letters.
WHOLE_ROWS = """
#let lines(value, width) = value.split("\\n").len() + value.len() / width
#let cells(row, widths, most) = {
  let fits = row.zip(widths).all(pair => lines(..pair) <= most)
  row.map(value => table.cell(breakable: not fits, text(value)))
}
"""
