"""From features to probabilities: one interface for networks and trees."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn
from torch.nn import functional as F

from nuzzle.models import build_model
from nuzzle.models.device import best_device

#: Which behaviours to tell of, `(behaviour,)` bool; all where there is None.
Wanted = NDArray[np.bool_] | None

#: Windows labelled at a time.
_BATCH_WINDOWS = 512
#: Frames that a sequence model labels at once, and in a batch of stretches.
_STRETCH_FRAMES = 8192
_BATCH_FRAMES = 16384


class Classifier(ABC):
    """Says how likely each behaviour is in each frame of a pair.

    Attributes:
        kind: name in bundles.
    """

    kind: ClassVar[str]

    @abstractmethod
    def probabilities(self, features: Tensor, wanted: Wanted = None) -> Tensor:
        """Probabilities of every frame.

        Args:
            features: `(time, feature)`, as the frontend gives them.
            wanted: `(behaviour,)` bool; others may be left out. All by default.

        Returns:
            `(time, behaviour)`, float32. Where behaviours are exclusive, rows add up to 1, and what
            is left out has no share; else it is NaN.
        """

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """What a bundle stores, by file name. Never a pickle."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Plain values from which, with `files`, it can be built again; its `kind` among them."""

    @classmethod
    @abstractmethod
    def restore(cls, values: Mapping[str, Any], files: Mapping[str, bytes]) -> Self:
        """The inverse of `describe` and `files`."""


@dataclass(frozen=True, eq=False)
class NetworkClassifier(Classifier):
    """A network with its weights.

    Attributes:
        model: features and a mask in, logits out.
        name: of the architecture.
        arguments: that the model was built with.
        window: frames in a window, or in a stretch that was learned from at once.
        exclusive: softmax, or a sigmoid each.
        num_behaviours: how many of the model's logits count, the first ones; what it learned beside
            its behaviours is not said. All by default.
    """

    model: nn.Module
    name: str
    arguments: Mapping[str, Any]
    window: int
    exclusive: bool
    num_behaviours: int | None = None

    @property
    @abstractmethod
    def support_frames(self) -> tuple[int, int]:
        """How many frames before and after a frame have more than a trace of effect on it.

        A recurrent network hears a little of all frames of its stretch.
        """

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    def logits(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        """What the model says of its behaviours, on the CPU.

        Args:
            x: `(batch, time, feature)`.
            inside: `(batch, time)` bool, false for frames that do not exist. All do by default.
        """
        mask = None if inside is None else inside.to(self.device)
        logits: Tensor = self.model(x.to(self.device), mask).cpu()
        return logits[..., : self.num_behaviours]

    def span(self, frame: int, n_frames: int) -> tuple[int, int]:
        """The first frame of a recording that one's label is read from, and that after the last.

        It begins where the model begins a step, as in the whole recording.
        """
        before, after = self.support_frames
        begin = frame - frame % getattr(self.model, "frames_per_step", 1) - before
        return max(0, begin), min(n_frames, frame + after + 1)

    @abstractmethod
    def logits_of(self, features: Tensor, frame: int) -> Tensor:
        """What the model says of one frame, `(behaviour,)`, from the features of its `span`."""

    def _probabilities(self, x: Tensor, inside: Tensor | None = None) -> Tensor:
        logits = self.logits(x, inside)
        return logits.softmax(-1) if self.exclusive else logits.sigmoid()

    def files(self) -> dict[str, bytes]:
        """The weights."""
        state = {key: value.contiguous() for key, value in self.model.state_dict().items()}
        return {"weights.safetensors": save_tensors(state)}

    def describe(self) -> dict[str, Any]:
        """Name and arguments of the model."""
        return {
            "kind": self.kind,
            "name": self.name,
            "arguments": dict(self.arguments),
            "window": self.window,
            "exclusive": self.exclusive,
            "num_behaviours": self.num_behaviours,
        }

    @classmethod
    def restore(cls, values: Mapping[str, Any], files: Mapping[str, bytes]) -> Self:
        """The inverse of `describe` and `files`, on the best device that there is."""
        model = build_model(values["name"], **values["arguments"])
        model.load_state_dict(load_tensors(files["weights.safetensors"]))
        return cls(
            model.to(best_device()).eval(),
            values["name"],
            values["arguments"],
            int(values["window"]),
            bool(values["exclusive"]),
            values["num_behaviours"],
        )


@dataclass(frozen=True, eq=False)
class WindowClassifier(NetworkClassifier):
    """A window model, applied to the window around every frame; ``window // 2`` is its centre."""

    kind: ClassVar[str] = "window"

    @property
    def support_frames(self) -> tuple[int, int]:
        """The window around a frame."""
        before = self.window // 2
        return (before, self.window - before - 1)

    def _windows(self, features: Tensor, frames: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
        before, after = self.support_frames
        padded = F.pad(features, (0, 0, before, after))
        inside = F.pad(torch.ones(len(features), dtype=torch.bool), (before, after))
        offsets = torch.arange(self.window)
        for some in torch.split(frames, _BATCH_WINDOWS):
            at = some.unsqueeze(1) + offsets
            yield padded[at], inside[at]

    def logits_of(self, features: Tensor, frame: int) -> Tensor:
        """Of the window around it."""
        ((x, inside),) = self._windows(features, torch.tensor([frame]))
        return self.logits(x, inside)[0]

    @torch.inference_mode()
    def probabilities(self, features: Tensor, wanted: Wanted = None) -> Tensor:
        """One window a frame."""
        windows = self._windows(features, torch.arange(len(features)))
        return torch.cat([self._probabilities(x, inside) for x, inside in windows])

    @torch.inference_mode()
    def attention(self, features: Tensor, frames: Tensor) -> Tensor:
        """Attention weights of the windows around some frames.

        Args:
            features: `(time, feature)`.
            frames: `(n,)` integers.

        Returns:
            `(n, step)`, rows add up to 1.
        """
        parts = []
        for x, inside in self._windows(features, frames):
            _, weights = self.model(
                x.to(self.device), inside.to(self.device), return_attention=True
            )
            parts.append(weights.cpu())
        return torch.cat(parts)


@dataclass(frozen=True, eq=False)
class SequenceClassifier(NetworkClassifier):
    """A sequence model, applied to long stretches with enough around them to know the context."""

    kind: ClassVar[str] = "sequence"

    @property
    def support_frames(self) -> tuple[int, int]:
        """Half the receptive field; where that is endless, a quarter of what it learned from.

        A recurrent model that has learned from stretches of a length does worse on longer ones: it
        is given stretches of that length, of which the middle half counts.
        """
        reach = self.window // 4 if self._field is None else self._field // 2
        return (reach, reach)

    @property
    def _field(self) -> int | None:
        field: int | None = getattr(self.model, "receptive_field_frames", None)
        return field

    def logits_of(self, features: Tensor, frame: int) -> Tensor:
        """Of all of them in one pass."""
        return self.logits(features[None])[0, frame]

    @torch.inference_mode()
    def probabilities(self, features: Tensor, wanted: Wanted = None) -> Tensor:
        """Whole stretches at once, several to a batch; those at the ends are shorter, and alone."""
        before, after = self.support_frames
        length = len(features)
        stretch = self.window // 2
        if self._field:
            # In whole multiples of what is around, steps of several frames are cut alike.
            unit = max(1, before)
            stretch = math.ceil(_STRETCH_FRAMES / unit) * unit
        stretch = min(stretch, length)
        starts = range(0, length, stretch)
        inner = [at for at in starts if before <= at <= length - stretch - after]
        size = max(1, _BATCH_FRAMES // (before + stretch + after))
        batches = [inner[first : first + size] for first in range(0, len(inner), size)]
        batches += [[at] for at in {*starts} - {*inner}]
        parts: list[Tensor] = []
        for batch in sorted(batches):
            around = [features[max(0, at - before) : at + stretch + after] for at in batch]
            first = min(before, batch[0])
            parts += self._probabilities(torch.stack(around))[:, first : first + stretch]
        return torch.cat(parts)
