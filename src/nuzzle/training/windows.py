"""Windows and stretches of frames, cut out of whole recordings a batch at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from nuzzle.labels import Pair
from nuzzle.training.targets import Targets


@dataclass(frozen=True, eq=False)
class Sample:
    """One pair of one recording, ready to learn from.

    Attributes:
        recording: its name.
        pair: agent and target.
        features: `(time, feature)`, normalised, nothing missing.
        targets: what to say, and where that is known; columns of auxiliary behaviours, if any,
            after those of the model.
        lab: the code of its lab, `(lab,)`; empty where the model is not told.
        poses: `(time, 2 animals, keypoint, 2)`, prepared, NaN where missing; only kept where
            training changes them.
    """

    recording: str
    pair: Pair
    features: Tensor
    targets: Targets
    lab: Tensor = field(default_factory=lambda: torch.zeros(0))
    poses: Tensor | None = None

    @property
    def width(self) -> int:
        """Columns of the model's input: the features, and the labs."""
        return self.features.shape[1] + len(self.lab)


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
    """Samples laid end to end with empty frames between, so that a batch is one gather.

    Args:
        samples: at least one.
        margin: empty frames between two samples; a piece never reaches from one into another.
        jitter: pieces shift at random by up to this many frames.
    """

    def __init__(self, samples: Sequence[Sample], margin: int, *, jitter: int = 0) -> None:
        self.samples = samples
        self.jitter = jitter
        self.rng = np.random.default_rng(0)
        width = samples[0].features.shape[1]
        parts: list[Tensor] = [torch.zeros(margin, width)]
        owners: list[Tensor] = [torch.full((margin,), -1)]
        first, at = [], margin
        for number, sample in enumerate(samples):
            length = len(sample.features)
            parts += [sample.features, torch.zeros(margin, width)]
            owners += [torch.full((length,), number), torch.full((margin,), -1)]
            first.append(at)
            at += length + margin
        #: Where each sample begins.
        self.first = first
        self.features = torch.cat(parts)
        self.lab = torch.stack([sample.lab for sample in samples])
        self.owner = torch.cat(owners)
        #: Row of `active` and `observed` that belongs to a frame; -1 between samples.
        self.row = torch.full((len(self.owner),), -1)
        self.row[self.owner >= 0] = torch.arange(int((self.owner >= 0).sum()))
        self.active = torch.from_numpy(np.concatenate([s.targets.active for s in samples]))
        self.observed = torch.from_numpy(np.concatenate([s.targets.observed for s in samples]))

    def start_epoch(self, seed: tuple[int, ...]) -> None:
        """Seed the shifts, so that a resumed run continues alike."""
        self.rng = np.random.default_rng((*seed, 1))

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])

    @abstractmethod
    def __getitems__(self, indices: list[int]) -> Batch:
        """A whole batch; what torch's DataLoader calls."""

    @abstractmethod
    def __len__(self) -> int: ...

    def _shifts(self, count: int) -> Tensor:
        return torch.from_numpy(self.rng.integers(-self.jitter, self.jitter + 1, size=(count, 1)))


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
        super().__init__(samples, window + jitter, jitter=jitter)
        self.offsets = torch.arange(window) - window // 2
        frames = []
        for start, sample in zip(self.first, samples, strict=True):
            observed = torch.from_numpy(sample.targets.observed.any(axis=1))
            frames.append(observed.nonzero().squeeze(1)[::stride] + start)
        self.frames = torch.cat(frames)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitems__(self, indices: list[int]) -> Batch:
        """Windows and the targets of their centres."""
        centre = self.frames[torch.as_tensor(indices)]
        at = centre.unsqueeze(1) + self.offsets
        if self.jitter:
            at = at + self._shifts(len(at))
        row = self.row[centre]
        return Batch(
            x=self.features[at],
            inside=self.owner[at] >= 0,
            targets=self.active[row].float(),
            observed=self.observed[row],
            sample=self.owner[centre],
            lab=self.lab[self.owner[centre]],
        )


class StretchDataset(Pieces):
    """Stretches of equal length that together cover every sample, with a label for every frame.

    Args:
        samples: at least one.
        length: frames in a stretch.
        jitter: stretches shift at random by up to this many frames, together with their labels.
    """

    def __init__(self, samples: Sequence[Sample], length: int, *, jitter: int = 0) -> None:
        super().__init__(samples, length + jitter, jitter=jitter)
        self.offsets = torch.arange(length)
        starts, owners = [], []
        for number, (first, sample) in enumerate(zip(self.first, samples, strict=True)):
            for start in range(0, len(sample.features), length):
                if sample.targets.observed[start : start + length].any():
                    starts.append(first + start)
                    owners.append(number)
        self.starts = torch.tensor(starts, dtype=torch.long)
        self.owners = torch.tensor(owners, dtype=torch.long)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitems__(self, indices: list[int]) -> Batch:
        """Stretches and the targets of all their frames."""
        chosen = torch.as_tensor(indices)
        at = self.starts[chosen].unsqueeze(1) + self.offsets
        if self.jitter:
            at = at + self._shifts(len(at))
        inside = self.owner[at] >= 0
        row = self.row[at].clamp(min=0)
        there = inside.unsqueeze(-1)
        return Batch(
            x=self.features[at],
            inside=inside,
            targets=(self.active[row] & there).float(),
            observed=self.observed[row] & there,
            sample=self.owners[chosen],
            lab=self.lab[self.owners[chosen]],
        )


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
