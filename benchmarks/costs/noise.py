"""How far measurements of the same thing differ on this machine, in this run.

Growth is judged by the differences between three measurements. How large such differences are without any growth is
measured, and not chosen: two acts that do nothing with their input are driven three times in the same way, again and
again during the run (`drive.look_at_noise`). A breach of growth counts only if it holds even when each measurement is
off by that much.
"""

from dataclasses import dataclass, field

from benchmarks.costs import yardstick


@dataclass
class Noise:
    """How far measurements of the same act differ on this machine.

    ms: the largest difference that was seen for an act that costs hardly anything. share: for an act that costs much,
    the largest difference above `ms`, as a share of its cost. `of(20)` is how much a measurement of 20 ms may be off.
    slowness: by how much bounds of processor time are multiplied now (`yardstick`). slownesses: all that were measured.
    """

    ms: float = 0.0
    share: float = 0.0
    seen: list[tuple[float, float]] = field(default_factory=list)  # pairs of a cost and the difference that was seen
    slowness: float = 1.0
    slownesses: list[float] = field(default_factory=list)

    def of(self, ms: float) -> float:
        return self.ms + self.share * ms

    def learn(self, *, cheap: tuple[float, ...], dear: tuple[float, ...]) -> None:
        """Learn from what a cheap and a dear act cost, in ms, each measured as often as an act that is in doubt."""
        for costs in (cheap, dear):
            self.seen.append((min(costs), max(costs) - min(costs)))
        self.ms = max(self.ms, max(cheap) - min(cheap))
        self.share = max(self.share, (max(dear) - min(dear) - self.ms) / min(dear))

    def look_at_slowness(self) -> None:
        """Measure how slow this machine is now."""
        self.slowness = yardstick.slowness(yardstick.measure())
        self.slownesses.append(self.slowness)

    def told(self) -> str:
        """Return the least and the most of all that was measured: « 1.00 to 1.27 »."""
        return f"{min(self.slownesses, default=1):.2f} to {max(self.slownesses, default=1):.2f}"
