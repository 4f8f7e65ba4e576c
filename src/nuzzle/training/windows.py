"""Windows and stretches of frames, cut out of whole recordings a batch at a time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence, Sized
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from nuzzle.training.samples import Sample


class Batch(NamedTuple):
    """Pieces of recordings and what to say of them.

    Attributes:
        x: `(batch, time, feature)`.
        inside: `(batch, time)` bool, false before and after the recording.
        targets: `(batch, behaviour)` float of the centre frames, or `(batch, time, behaviour)`.
        observed: what was looked for; bool, like `targets`.
        sample: `(batch,)`, which sample each piece comes from.
        lab: `(batch, lab)`, the code of the lab of each piece.
    """

    x: Tensor
    inside: Tensor
    targets: Tensor
    observed: Tensor
    sample: Tensor
    lab: Tensor


class Pieces(Dataset[Batch], ABC):
    """Pieces of equal length, cut out of samples a batch at a time.

    Args:
        samples: at least one.
        length: frames in a piece; those before and after its sample are 0.
        starts: the frames of each sample that its pieces begin with.
    """

    def __init__(self, samples: Sequence[Sample], length: int, starts: Sequence[Tensor]) -> None:
        self.samples = samples
        self.length = length
        self.rng = np.random.default_rng(0)
        self.features = [sample.features for sample in samples]
        self.lab = torch.stack([sample.lab for sample in samples])
        self.frames = torch.tensor([len(each) for each in self.features])
        self._begin_at(starts)

    def _begin_at(self, starts: Sequence[Tensor]) -> None:
        self.starts = torch.cat(list(starts))
        #: Which sample each piece is of.
        self.owners = torch.arange(len(starts)).repeat_interleave(
            torch.tensor([len(each) for each in starts])
        )

    def start_epoch(self, seed: tuple[int, ...], count: int) -> None:
        """Seed the shifts, so that a resumed run continues alike.

        Args:
            seed: of the run and the epoch.
            count: how many pieces will be drawn.
        """
        self.rng = np.random.default_rng((*seed, 1))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def epoch_length(self) -> int:
        """How many pieces show everything once, on average over epochs."""
        return len(self)

    @abstractmethod
    def __getitems__(self, indices: list[int]) -> Batch:
        """A whole batch; what torch's DataLoader calls."""

    def _batch(self, owners: Tensor, starts: Tensor, active: Tensor, observed: Tensor) -> Batch:
        """Pieces of these samples from these frames on, and what to say of them."""
        at = starts.unsqueeze(1) + torch.arange(self.length)
        return Batch(
            x=self._cut(self.features, owners, starts),
            inside=(at >= 0) & (at < self.frames[owners].unsqueeze(1)),
            targets=active.float(),
            observed=observed,
            sample=owners,
            lab=self.lab[owners],
        )

    def _cut(self, wholes: Sequence[Tensor], owners: Tensor, starts: Tensor) -> Tensor:
        """Pieces `(piece, time, column)` of what there is of each sample, `(time, column)`."""
        out = wholes[0].new_zeros(len(owners), self.length, wholes[0].shape[1])
        for piece, owner, start in zip(out, owners.tolist(), starts.tolist(), strict=True):
            whole = wholes[owner]
            first = max(start, 0)
            stop = max(first, min(start + self.length, len(whole)))
            piece[first - start : stop - start] = whole[first:stop]
        return out


class WindowDataset(Pieces):
    """All windows whose centre frame was observed. Frame ``window // 2`` is the centre.

    Args:
        samples: at least one.
        window: frames in a window.
        stride: use every how many-th observed frame.
        jitter: windows shift at random by up to this many frames; the label stays the centre's.
    """

    def __init__(
        self, samples: Sequence[Sample], window: int, *, stride: int = 1, jitter: int = 0
    ) -> None:
        observed = [np.flatnonzero(each.targets.observed.any(axis=1)) for each in samples]
        centres = [frames[::stride] for frames in observed]
        starts = [torch.from_numpy(frames - window // 2) for frames in centres]
        super().__init__(samples, window, starts)
        self.jitter = jitter
        columns = zip(
            *(
                [mask[frames] for mask in sample.targets]
                for sample, frames in zip(samples, centres, strict=True)
            ),
            strict=True,
        )
        self.active, self.observed = (torch.from_numpy(np.concatenate(each)) for each in columns)

    def __getitems__(self, indices: list[int]) -> Batch:
        """Windows and the targets of their centres."""
        chosen = torch.as_tensor(indices)
        owners, starts = self.owners[chosen], self.starts[chosen]
        if self.jitter:
            shifts = self.rng.integers(-self.jitter, self.jitter + 1, size=len(starts))
            starts = starts + torch.from_numpy(shifts)
        return self._batch(owners, starts, self.active[chosen], self.observed[chosen])


class StretchDataset(Pieces):
    """Stretches of equal length that together cover every sample, with a label for every frame.

    Those without a frame that was observed are left out.

    Args:
        samples: at least one.
        length: frames in a stretch.
        shifted: in each epoch the first stretch of every sample begins at random up to its length
            early, and the others follow it. So every frame is seen as often as any other, at
            another place of a stretch each time, and at the ends of a sample as well.
    """

    def __init__(self, samples: Sequence[Sample], length: int, *, shifted: bool = False) -> None:
        self.shifted = shifted
        #: How many frames of each sample were observed before each frame, and in all.
        self.seen = [
            torch.from_numpy(np.r_[0, np.cumsum(each.targets.observed.any(axis=1))])
            for each in samples
        ]
        super().__init__(samples, length, [_grid(seen, 0, length) for seen in self.seen])
        self.active = [torch.from_numpy(each.targets.active) for each in samples]
        self.observed = [torch.from_numpy(each.targets.observed) for each in samples]

    @cached_property
    def epoch_length(self) -> int:
        """How many pieces show everything once, on average over epochs."""
        if not self.shifted:
            return len(self)
        wherever = [
            _observed(seen, torch.arange(1 - self.length, len(seen) - 1), self.length)
            for seen in self.seen
        ]
        return math.ceil(sum(int(each.sum()) for each in wherever) / self.length)

    def start_epoch(self, seed: tuple[int, ...], count: int) -> None:
        """Shift the stretches; of few that are drawn several times, each time otherwise."""
        super().start_epoch(seed, count)
        if self.shifted:
            times = max(1, count // self.epoch_length)
            shifts = self.rng.integers(self.length, size=(len(self.seen), times)).tolist()
            self._begin_at(
                [
                    torch.cat([_grid(seen, shift, self.length) for shift in each])
                    for seen, each in zip(self.seen, shifts, strict=True)
                ]
            )

    def __getitems__(self, indices: list[int]) -> Batch:
        """Stretches and the targets of all their frames."""
        chosen = torch.as_tensor(indices)
        owners, starts = self.owners[chosen], self.starts[chosen]
        active, observed = (
            self._cut(each, owners, starts) for each in (self.active, self.observed)
        )
        return self._batch(owners, starts, active, observed)


def _grid(seen: Tensor, shift: int, length: int) -> Tensor:
    """Where stretches begin, the first `shift` frames early; those with an observed frame.

    Args:
        seen: `(frame + 1,)`, how many frames before were observed.
        shift: below `length`.
        length: frames in a stretch.
    """
    starts = torch.arange(-shift, len(seen) - 1, length)
    return starts[_observed(seen, starts, length)]


def _observed(seen: Tensor, starts: Tensor, length: int) -> Tensor:
    """Which stretches hold an observed frame, `(stretch,)` bool."""
    stops = (starts + length).clamp(max=len(seen) - 1)
    return seen[stops] > seen[starts.clamp(min=0)]


class EpochSampler(Sampler[int]):
    """A shuffle that depends on the seed and the epoch only, so that a resumed run continues alike.

    Every epoch draws equally many, also where their number changes from epoch to epoch: where there
    are fewer, some come several times.

    Args:
        pieces: what is drawn from.
        count: how many are drawn for an epoch.
        seed: of the shuffles.
    """

    def __init__(self, pieces: Sized, count: int, seed: int) -> None:
        self.pieces = pieces
        self.count = count
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        size = len(self.pieces)
        rounds = -(-self.count // size)
        order = np.concatenate([rng.permutation(size) for _ in range(rounds)])
        return iter(order[: self.count].tolist())
