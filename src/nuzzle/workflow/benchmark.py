"""What the benchmarks on public data share: a folder that a killed run goes on in, and figures."""

from __future__ import annotations

import math
import shutil
import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nuzzle.alone import LOCK, alone_in
from nuzzle.errors import OutputError
from nuzzle.evaluation.figures import Estimate
from nuzzle.workflow.work import NOTE, take_note


@contextmanager
def claimed(out: Path, described: str, *, fresh: bool, made: Sequence[str]) -> Iterator[None]:
    """A benchmark's folder, new or of an earlier run, for this run alone as long as it lasts.

    A run that was refused before it made anything stands in nobody's way.

    Args:
        out: the folder.
        described: what the results depend on, of `describe`.
        fresh: throw away what an earlier run made there.
        made: names of what a run makes there.

    Raises:
        OutputError: it holds something else, or a run on other data or with another config, or one
            that is still going on.
    """
    with alone_in(out):
        _claim(out, described, fresh=fresh, made=made)
        yield


def _claim(out: Path, described: str, *, fresh: bool, made: Sequence[str]) -> None:
    if fresh:
        for name in (NOTE, *made):
            if (out / name).is_dir():
                shutil.rmtree(out / name)
            else:
                (out / name).unlink(missing_ok=True)
    there = {path.name for path in out.iterdir()} - {LOCK}
    if there and NOTE not in there:
        raise OutputError(f"{out} is not empty, and holds no benchmark. Choose another --out.")
    what, begun = "a benchmark on other data or with another config", bool(there & {*made})
    take_note(out, described, begun=begun, what=what, instead="Choose another --out")


@dataclass(frozen=True)
class Spread:
    """A figure over several seeds.

    Attributes:
        mean: over seeds.
        sd: standard deviation over seeds; NaN for one.
        low: lower end of the 95 % interval; NaN if it has none.
        high: its upper end.
    """

    mean: float
    sd: float
    low: float = math.nan
    high: float = math.nan

    @classmethod
    def of(cls, values: Iterable[float], together: Estimate | None = None) -> Spread:
        """From one value a seed, and perhaps their mean with its interval."""
        found = list(values)
        sd = statistics.stdev(found) if len(found) > 1 else math.nan
        ends = (math.nan, math.nan) if together is None else (together.low, together.high)
        return cls(statistics.fmean(found), sd, *ends)

    def __str__(self) -> str:
        text = f"{self.mean:.3f}" + ("" if math.isnan(self.sd) else f" ± {self.sd:.3f}")
        return text if math.isnan(self.low) else f"{text} [{self.low:.3f}, {self.high:.3f}]"
