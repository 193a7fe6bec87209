"""Where parts of a page stand, which is asked about all of them in one call.

A call of Playwright about one element goes through four processes::

    log, panel = boxes(page, "[data-log]", ".console-canned[open]")
    assert log["bottom"] <= panel["top"]
    are_in_view(page.get_by_role("button", name="Envoyer"), page.locator("#body"))
"""

import time
from functools import reduce

from playwright.sync_api import Locator, Page

PATIENCE_SECONDS = 30
BOXES = """(parts) => parts.map((part) => {
  const found = document.querySelectorAll(part);
  if (found.length !== 1) throw new Error(`${found.length} elements: ${part}`);
  return found[0].getClientRects().length ? found[0].getBoundingClientRect().toJSON() : null;
})"""
# Of each element: how it begins, and how much of it is in the viewport, and not scrolled out of sight in what is around
# it. This is what `to_be_in_viewport` of Playwright asks.
IN_VIEW = """async (all) => {
  const shares = new Map();
  await new Promise((done) => {
    const observer = new IntersectionObserver((seen) => {
      for (const { target, intersectionRatio } of seen) shares.set(target, intersectionRatio);
      if (shares.size === all.length) done();
    });
    all.forEach((one) => observer.observe(one));
    if (!all.length) done();
  });
  return all.map((one) => [one.outerHTML.slice(0, 100), shares.get(one)]);
}"""


def boxes(page: Page, *parts: str) -> list[dict[str, float]]:
    """Return the box of each part, named by a selector of CSS, as they are at one moment; all of them are drawn.

    A box has `x`, `y`, `width`, `height`, `top`, `right`, `bottom` and `left`, in pixels of the viewport.
    """
    found = page.evaluate(BOXES, list(parts))
    assert None not in found, [part for part, box in zip(parts, found, strict=True) if box is None]
    return found


def are_in_view(*parts: Locator) -> None:
    """Wait until each of these is in the viewport as a whole, at one moment. Each is one element, and no two are one.

    Not for pages without scripts, where nothing is told of what an observer sees.
    """
    everything = reduce(Locator.or_, parts)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = everything.evaluate_all(IN_VIEW)
        if len(seen) == len(parts) and all(share > 1 - 1e-9 for _what, share in seen):
            return
        assert time.monotonic() < deadline, (len(parts), seen)
        everything.page.wait_for_timeout(50)
