"""How much worse a model scores without the sense of some of its features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuzzle.evaluation.bootstrap import mean_defined
from nuzzle.evaluation.frames import average_precision, count_frames, f1
from nuzzle.evaluation.own import OwnApart
from nuzzle.evaluation.scored import ScoredPair, pooled
from nuzzle.features.frontend import Frontend
from nuzzle.labels import Pair
from nuzzle.recording import Recording

_Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ShiftedFrontend(Frontend):
    """A frontend some of whose columns come from another time of the same recording.

    They are shifted in a circle, all together, by between a quarter and three quarters of the
    recording. So they keep their values, their course in time and their relations among each
    other, and lose those to behaviour and to the other columns. Single frames in random order would
    not: no animal moves so, and a model is then judged on what it never meets. The columns of the
    lab, which stay the same throughout, are hidden instead, as for an unknown lab.

    Attributes:
        moved: indices of the columns.
        rng: draws how far.
        kept: prepared recordings and features, so that each is computed once.
    """

    moved: Sequence[int] = ()
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))
    kept: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        frontend: Frontend,
        moved: Sequence[int],
        rng: np.random.Generator,
        kept: dict[Any, Any],
    ) -> ShiftedFrontend:
        """The same road with shifted columns."""
        same = {each.name: getattr(frontend, each.name) for each in fields(Frontend)}
        return cls(**same, moved=moved, rng=rng, kept=kept)

    def prepare(self, recording: Recording) -> Recording:
        """As the frontend does, once."""
        if recording.name not in self.kept:
            self.kept[recording.name] = super().prepare(recording)
        prepared: Recording = self.kept[recording.name]
        return prepared

    def __call__(self, prepared: Recording, pair: Pair) -> Tensor:
        """Model input with the columns shifted, `(time, feature)`."""
        key = (prepared.name, pair)
        if key not in self.kept:
            self.kept[key] = super().__call__(prepared, pair)
        features: Tensor = self.kept[key]
        quarter = max(1, len(features) // 4)
        if not self.moved or len(features) < 2:
            return features
        frames = int(self.rng.integers(quarter, max(quarter + 1, len(features) - quarter)))
        out = features.clone()
        out[:, list(self.moved)] = torch.roll(features[:, list(self.moved)], frames, dims=0)
        first = features.shape[1] - len(self.labs)
        out[:, [column for column in self.moved if column >= first]] = 0.0
        return out


class Figures(NamedTuple):
    """F1 and average precision per frame, `(behaviour,)`; NaN where it never occurs."""

    f1: _Floats
    average_precision: _Floats

    @classmethod
    def of(cls, pairs: Sequence[ScoredPair]) -> Figures:
        """Pooled over pairs; what an animal does to itself counts once."""
        pairs = OwnApart(pairs).pairs
        tp, fp, fn, _ = (
            np.sum(each, axis=0) for each in zip(*map(count_frames, pairs), strict=True)
        )
        columns = [pooled(pairs, column) for column in range(len(pairs[0].behaviours))]
        precisions = [average_precision(truth, probability) for probability, truth in columns]
        return cls(f1(tp, fp, fn), np.array(precisions))


@dataclass(frozen=True, eq=False)
class Importance:
    """What a score loses when families of columns lose their sense.

    Attributes:
        behaviours: without the background.
        families: names.
        columns: how many columns each family has.
        base: F1 and average precision with everything in place.
        f1: drop of F1, `(family, repeat, behaviour)`; NaN where the behaviour never occurs.
        average_precision: drop of the average precision, of the same shape.
    """

    behaviours: tuple[str, ...]
    families: tuple[str, ...]
    columns: tuple[int, ...]
    base: Figures
    f1: _Floats
    average_precision: _Floats

    def rows(self) -> list[dict[str, Any]]:
        """A row a family and behaviour, ``macro`` among them: mean drop, least and largest."""
        out: list[dict[str, Any]] = []
        for number, family in enumerate(self.families):
            for column, behaviour in enumerate(("macro", *self.behaviours)):
                row: dict[str, Any] = {
                    "family": family,
                    "columns": self.columns[number],
                    "behaviour": behaviour,
                }
                for name in ("f1", "average_precision"):
                    drops = getattr(self, name)[number]
                    chosen = mean_defined(drops) if not column else drops[:, column - 1]
                    base = getattr(self.base, name)
                    row[name] = float(mean_defined(base) if not column else base[column - 1])
                    row[f"{name}_drop"] = float(chosen.mean())
                    row[f"{name}_drop_low"] = float(chosen.min())
                    row[f"{name}_drop_high"] = float(chosen.max())
                out.append(row)
        return out


#: Scores one recording with a frontend in place of the model's own.
Scorer = Callable[[Frontend, Recording], Sequence[ScoredPair]]


def family_importance(
    frontend: Frontend,
    recordings: Iterable[Recording],
    families: Mapping[str, Sequence[int]],
    scorer: Scorer,
    *,
    repeats: int,
) -> Importance:
    """Permutation importance of families of columns (Breiman 2001; Fisher et al. 2019, JMLR 20).

    A family matters little also where another says the same: it measures what nothing replaces.

    Args:
        frontend: of the model.
        recordings: with labels; at least one.
        families: name -> indices of columns, see `nuzzle.features.families`.
        scorer: predictions beside labels.
        repeats: draws of each family's shift.
    """
    runs: list[Sequence[int]] = [(), *(c for c in families.values() for _ in range(repeats))]
    rngs = [np.random.default_rng([0, number]) for number in range(len(runs))]
    pairs: list[list[ScoredPair]] = [[] for _ in runs]
    for recording in recordings:
        kept: dict[Any, Any] = {}
        for columns, rng, found in zip(runs, rngs, pairs, strict=True):
            found += scorer(ShiftedFrontend.of(frontend, columns, rng, kept), recording)
    first = pairs[0][0]
    shown = first.foreground
    base, *rest = (Figures(*(each[shown] for each in Figures.of(found))) for found in pairs)
    shape = (len(families), repeats, len(shown))
    return Importance(
        tuple(first.behaviours[n] for n in shown),
        tuple(families),
        tuple(len(columns) for columns in families.values()),
        base,
        base.f1 - np.array([each.f1 for each in rest]).reshape(shape),
        base.average_precision - np.array([r.average_precision for r in rest]).reshape(shape),
    )
