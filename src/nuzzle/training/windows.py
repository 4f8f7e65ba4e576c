"""Windows of frames, cut out of whole recordings a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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
        targets: what to say, and where that is known.
    """

    recording: str
    pair: Pair
    features: Tensor
    targets: Targets


class Batch(NamedTuple):
    """Windows and what to say of their centre frames.

    Attributes:
        x: `(batch, window, feature)`.
        inside: `(batch, window)` bool, false before and after the recording.
        targets: `(batch, behaviour)` float.
        observed: `(batch, behaviour)` bool.
        sample: `(batch,)`, which sample each window comes from.
    """

    x: Tensor
    inside: Tensor
    targets: Tensor
    observed: Tensor
    sample: Tensor


class WindowDataset(Dataset[Batch]):
    """All windows whose centre frame was observed.

    The features lie in one tensor with empty frames between recordings, so that a batch is one
    gather. Frame ``window // 2`` of a window is its centre.

    Args:
        samples: at least one.
        window: frames in a window.
        stride: use every how many-th observed frame.
        jitter: windows shift at random by up to this many frames; the label stays the centre's.
        rng: source of the shifts.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        window: int,
        *,
        stride: int = 1,
        jitter: int = 0,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.samples = samples
        self.jitter = jitter
        self.rng = rng or np.random.default_rng(0)
        self.offsets = torch.arange(window) - window // 2
        margin = window + jitter
        width = samples[0].features.shape[1]
        parts: list[Tensor] = [torch.zeros(margin, width)]
        owners: list[Tensor] = [torch.full((margin,), -1)]
        frames: list[Tensor] = []
        at = margin
        for number, sample in enumerate(samples):
            length = len(sample.features)
            observed = torch.from_numpy(sample.targets.observed.any(axis=1)).nonzero().squeeze(1)
            frames.append(observed[::stride] + at)
            parts += [sample.features, torch.zeros(margin, width)]
            owners += [torch.full((length,), number), torch.full((margin,), -1)]
            at += length + margin
        self.features = torch.cat(parts)
        self.owner = torch.cat(owners)
        self.frames = torch.cat(frames)
        row = torch.full((len(self.owner),), -1)
        row[self.owner >= 0] = torch.arange(int((self.owner >= 0).sum()))
        self.row = row
        self.active = torch.from_numpy(np.concatenate([s.targets.active for s in samples]))
        self.observed = torch.from_numpy(np.concatenate([s.targets.observed for s in samples]))

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])

    def __getitems__(self, indices: list[int]) -> Batch:
        """A whole batch in one gather; what torch's DataLoader calls."""
        centre = self.frames[torch.as_tensor(indices)]
        at = centre.unsqueeze(1) + self.offsets
        if self.jitter:
            shift = self.rng.integers(-self.jitter, self.jitter + 1, size=(len(at), 1))
            at = at + torch.from_numpy(shift)
        row = self.row[centre]
        return Batch(
            x=self.features[at],
            inside=self.owner[at] >= 0,
            targets=self.active[row].float(),
            observed=self.observed[row],
            sample=self.owner[centre],
        )


class EpochSampler(Sampler[int]):
    """A shuffle that depends on the seed and the epoch only, so that a resumed run continues alike.

    Args:
        size: number of windows.
        count: how many are drawn, without replacement, for an epoch.
        seed: of the shuffles.
    """

    def __init__(self, size: int, count: int | None, seed: int) -> None:
        self.size = size
        self.count = min(size, count or size)
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before each epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng((self.seed, self.epoch))
        return iter(rng.permutation(self.size)[: self.count].tolist())
