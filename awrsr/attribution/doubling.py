"""Going on until a result is accurate: twice the work, until its error is small or a bound is met.

An error is small against the largest absolute value of an item: what is far below that is not read
off a picture, whatever its unit.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import torch
from jaxtyping import Float
from torch import Tensor

from awrsr.errors import counted


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far a method went.

    Args:
        count: the work done.
        unit: what is counted, in the singular: step, sample.
        measure: which error is meant.
        error: it, as a share of the largest absolute value.
        tolerance: the share at which the method stops.
    """

    count: int
    unit: str
    measure: str
    error: float
    tolerance: float

    @property
    def enough(self) -> bool:
        """Whether the error is as small as asked; if not, the bound ended the work."""
        return self.error <= self.tolerance

    def __str__(self) -> str:
        done = counted(self.count, self.unit) + ("" if self.enough else ", the bound")
        told = f"{done}: {self.measure} {percent(self.error)} of the largest value"
        return told if self.enough else f"{told}, above the {percent(self.tolerance)} asked"


def percent(share: float) -> str:
    """A share in percent, two digits of it, without an exponent."""
    return f"{Decimal(f'{100 * share:.2g}'):f}%"


def doubled(
    estimate: Callable[[int], tuple[Tensor, Tensor]],
    *,
    start: int,
    bound: int,
    tolerance: float,
    unit: str,
    measure: str,
) -> tuple[Tensor, Tensor, Effort]:
    """The first estimate whose error is small enough, or the one at the bound.

    Args:
        estimate: given the work to do in all, the values and their errors.
        start: work of the first estimate; the bound, where that is lower, does not cut it.
        bound: work of the last one.
        tolerance: share of the largest absolute value at which the largest error is small enough.
        unit: see `Effort`.
        measure: see `Effort`.

    Returns:
        Values, errors, and how far it went.
    """
    count = start
    while True:
        values, errors = estimate(count)
        error, largest = float(errors.abs().max()), float(values.abs().max())
        share = error / largest if largest else math.inf if error else 0.0
        effort = Effort(count=count, unit=unit, measure=measure, error=share, tolerance=tolerance)
        if effort.enough or count >= bound:
            return values, errors, effort
        count = min(2 * count, bound)


def sampled(
    draw: Callable[[int], Float[Tensor, "draw slot"]],
    *,
    start: int,
    bound: int,
    tolerance: float,
    unit: str,
    progress: Callable[[float], None],
) -> tuple[Float[Tensor, " slot"], Float[Tensor, " slot"], Effort]:
    """Means of independent draws, enough of them for small standard errors.

    Args:
        draw: given how many are wanted, some of them, at least one.
        start: draws before the first look at the errors, 2 or more.
        bound: draws at most.
        tolerance: see `doubled`.
        unit: see `Effort`.
        progress: told the share of the bound that is drawn.

    Returns:
        Means, their standard errors, and how far it went.
    """
    drawn: list[Tensor] = []

    def estimate(count: int) -> tuple[Tensor, Tensor]:
        while (done := sum(map(len, drawn))) < count:
            progress(done / max(start, bound))
            drawn.append(draw(count - done))
        spread, mean = torch.std_mean(torch.cat(drawn).double(), dim=0)
        return mean.to(drawn[0].dtype), (spread / math.sqrt(count)).to(drawn[0].dtype)

    return doubled(
        estimate,
        start=start,
        bound=bound,
        tolerance=tolerance,
        unit=unit,
        measure="largest standard error",
    )
