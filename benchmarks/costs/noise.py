"""This measures how far measures of the same thing lie apart on this machine, in this run.

A growth is told from the differences of three measures. How large such differences are when nothing grows is measured,
not chosen: two acts that do nothing with their input are driven three times in the same way, again and again during the
run (`drive.look_at_noise`). A breach of growth holds even if each of its measures is off by as much.
"""

from dataclasses import dataclass, field


@dataclass
class Noise:
    """It says how far measures of the same act lie apart on this machine.

    ms: the largest difference that was seen of an act that hardly costs anything. share: the same of one that costs
    much, above `ms`, as a share of what it costs. `of(20)` is what a measure of 20 ms may be off by.
    """

    ms: float = 0.0
    share: float = 0.0
    seen: list[tuple[float, float]] = field(default_factory=list)  # what it cost, and the difference

    def of(self, ms: float) -> float:
        return self.ms + self.share * ms

    def learn(self, *, cheap: tuple[float, ...], dear: tuple[float, ...]) -> None:
        """Learn from what a cheap and a dear act cost, in ms, each measured as often as an act that is in doubt."""
        for costs in (cheap, dear):
            self.seen.append((min(costs), max(costs) - min(costs)))
        self.ms = max(self.ms, max(cheap) - min(cheap))
        self.share = max(self.share, (max(dear) - min(dear) - self.ms) / min(dear))
