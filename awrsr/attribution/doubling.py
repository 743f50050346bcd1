"""Doubles the work until the error of a result is small enough, or a bound is reached.

Errors are compared with the largest absolute value of an item: much smaller differences are
invisible in a figure, whatever the unit.
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
    """The work that a method did.

    Args:
        count: the amount of work.
        unit: the unit of work, in the singular: step, sample.
        measure: the name of the error.
        error: the error, as a share of the largest absolute value.
        tolerance: the share at which the method stops.
    """

    count: int
    unit: str
    measure: str
    error: float
    tolerance: float

    @property
    def enough(self) -> bool:
        """Whether the error is within the tolerance; if not, the work ended at its bound."""
        return self.error <= self.tolerance

    def __str__(self) -> str:
        done = counted(self.count, self.unit) + ("" if self.enough else ", the bound")
        text = f"{done}: {self.measure} {percent(self.error)} of the largest value"
        return text if self.enough else f"{text}, above the {percent(self.tolerance)} asked"


def percent(share: float) -> str:
    """A share in percent with two significant digits, without an exponent."""
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
        estimate: total amount of work -> values and their errors.
        start: work of the first estimate, even if the bound is lower.
        bound: largest amount of work.
        tolerance: largest accepted error, as a share of the largest absolute value.
        unit: see `Effort`.
        measure: see `Effort`.

    Returns:
        Values, errors, and the work done.
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
        draw: requested number -> that number of draws or fewer, at least one.
        start: draws before the errors are first computed, 2 or more.
        bound: largest number of draws.
        tolerance: see `doubled`.
        unit: see `Effort`.
        progress: called with the number of draws so far, as a share of the bound.

    Returns:
        Means, their standard errors, and the work done.
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
