"""From features to probabilities: one interface for networks, trees and ensembles."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn
from torch.nn import functional as F

from nuzzle.errors import BundleError
from nuzzle.models import ARCHITECTURES, build_model

#: Windows labelled at a time.
_BATCH_WINDOWS = 512


class Classifier(ABC):
    """Says how likely each behaviour is in each frame of a pair."""

    @property
    @abstractmethod
    def support_frames(self) -> tuple[int, int]:
        """How many frames before and after a frame its probabilities depend on."""

    @abstractmethod
    def probabilities(self, features: Tensor) -> Tensor:
        """Probabilities of every frame.

        Args:
            features: `(time, feature)`, normalised, nothing missing.

        Returns:
            `(time, behaviour)`, float32; rows add up to 1 where the behaviours are exclusive.
        """

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """What a bundle stores, by file name. Never a pickle."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """Plain values from which, with `files`, it can be built again."""


@dataclass(frozen=True, eq=False)
class WindowClassifier(Classifier):
    """A window model, applied to the window around every frame.

    Attributes:
        model: `(batch, window, feature)` and a mask in, `(batch, behaviour)` logits out.
        name: of the architecture.
        arguments: that the model was built with.
        window: frames; frame ``window // 2`` is the centre.
        exclusive: softmax, or a sigmoid each.
    """

    model: nn.Module
    name: str
    arguments: Mapping[str, Any]
    window: int
    exclusive: bool

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

    @torch.inference_mode()
    def probabilities(self, features: Tensor) -> Tensor:
        """One window a frame."""
        device = next(self.model.parameters()).device
        parts = []
        for x, inside in self._windows(features, torch.arange(len(features))):
            logits = self.model(x.to(device), inside.to(device)).cpu()
            parts.append(logits.softmax(-1) if self.exclusive else logits.sigmoid())
        return torch.cat(parts)

    @torch.inference_mode()
    def attention(self, features: Tensor, frames: Tensor) -> Tensor | None:
        """Attention weights of the windows around some frames.

        Args:
            features: `(time, feature)`.
            frames: `(n,)` integers.

        Returns:
            `(n, step)`, rows add up to 1; None where the model has no attention.
        """
        if self.name != "cnn_lstm":
            return None
        device = next(self.model.parameters()).device
        parts = [
            self.model(x.to(device), inside.to(device), return_attention=True)[1].cpu()
            for x, inside in self._windows(features, frames)
        ]
        return torch.cat(parts)

    def files(self) -> dict[str, bytes]:
        """The weights."""
        state = {key: value.contiguous() for key, value in self.model.state_dict().items()}
        return {"weights.safetensors": save_tensors(state)}

    def describe(self) -> dict[str, Any]:
        """Name and arguments of the model."""
        return {
            "kind": "window",
            "name": self.name,
            "arguments": dict(self.arguments),
            "window": self.window,
            "exclusive": self.exclusive,
        }

    @classmethod
    def restore(cls, values: Mapping[str, Any], files: Mapping[str, bytes]) -> WindowClassifier:
        """The inverse of `describe` and `files`."""
        model = build_model(ARCHITECTURES, values["name"], **values["arguments"])
        model.load_state_dict(load_tensors(files["weights.safetensors"]))
        return cls(
            model.eval(),
            values["name"],
            values["arguments"],
            int(values["window"]),
            bool(values["exclusive"]),
        )


def restore_classifier(values: Mapping[str, Any], files: Mapping[str, bytes]) -> Classifier:
    """Build a classifier from what `describe` and `files` gave.

    Raises:
        BundleError: its kind is not known.
    """
    kinds: dict[str, type[WindowClassifier]] = {"window": WindowClassifier}
    kind = values.get("kind")
    if kind not in kinds:
        raise BundleError(
            f"The bundle holds a classifier of the kind {kind!r}; this nuzzle knows "
            f"{sorted(kinds)}. A newer nuzzle may read it."
        )
    return kinds[kind].restore(values, files)
