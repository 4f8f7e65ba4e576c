"""What a decision rests on: attributions to keypoints and moments, and to the columns of trees.

Attributions explain the model. They say nothing of why the animal does what it does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nuzzle.errors import InputError
from nuzzle.features.body_frame import forward
from nuzzle.features.geometry import centre, length
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.classifier import NetworkClassifier
from nuzzle.inference.trees import TreeClassifier
from nuzzle.labels import Pair
from nuzzle.recording import Recording
from nuzzle.skeleton import Skeleton

#: Points on the way from baseline to poses at which the gradient is taken.
STEPS = 64


class Attribution(NamedTuple):
    """What each coordinate adds to a score.

    Attributes:
        values: `(time, 2 animals, keypoint, 2)`, in the unit of the score; 0 for missing points.
        first_frame: of the prepared recording, where `values` begins.
        score: of the poses.
        baseline_score: of the baseline.
    """

    values: NDArray[np.float64]
    first_frame: int
    score: float
    baseline_score: float

    @property
    def unexplained(self) -> float:
        """What the sum lacks of the difference of the two scores (0: complete)."""
        return self.score - self.baseline_score - float(self.values.sum())


def integrated_gradients(
    score: Callable[[Tensor], Tensor], x: Tensor, baseline: Tensor, steps: int = STEPS
) -> Tensor:
    """Integrated gradients (Sundararajan et al. 2017, ICML).

    The gradient is taken at the middle of each of `steps` parts of the straight line from the
    baseline to `x`. Missing (NaN) values have no part in it: where an operation meets one, its
    gradient is 0.

    Args:
        score: of a tensor like `x`, a single number.
        x: what is explained.
        baseline: the reference, of the same shape; NaN where `x` is.
        steps: parts of the line.

    Returns:
        Attributions of the shape of `x`; for a smooth score they add up to
        ``score(x) - score(baseline)``, the better the more steps.
    """
    total = torch.zeros_like(x)
    for step in range(steps):
        share = (step + 0.5) / steps
        point = (baseline + share * (x - baseline)).detach().requires_grad_(True)
        # On a GPU, cuDNN passes no gradient through an LSTM that is not in training.
        with torch.backends.cudnn.flags(enabled=False):
            value = score(point)
        _silence_nan(value)
        (gradient,) = torch.autograd.grad(value, point)
        total += gradient.nan_to_num(nan=0.0)
    return ((x - baseline) * total / steps).nan_to_num(nan=0.0)


def _silence_nan(value: Tensor) -> None:
    """Have every operation that led to `value` pass on 0 where its gradient is not finite.

    A missing point makes the gradient of everything computed from it 0 times NaN, which would
    spread to the points that are there.
    """
    seen = set()
    waiting = [value.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        node.register_hook(_zero_nan)
        waiting += [following for following, _ in node.next_functions]


def _zero_nan(inputs: tuple[Tensor | None, ...], outputs: object) -> tuple[Tensor | None, ...]:
    return tuple(
        each.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0) if each is not None else None
        for each in inputs
    )


def attribute(
    bundle: Bundle,
    prepared: Recording,
    pair: Pair,
    frame: int,
    behaviour: str,
    *,
    steps: int = STEPS,
) -> Attribution:
    """Attributions of the log-odds of a behaviour in a frame to the poses around it.

    The odds are against all others that the recording's lab looked for, as in what is predicted.
    The road from the poses goes through features, normalisation and network. A model without
    direction looks at both orders of the pair; the mean is explained.

    Args:
        bundle: a network.
        prepared: by the bundle's frontend.
        pair: agent and target.
        frame: of the prepared recording.
        behaviour: one of the bundle's.
        steps: of `integrated_gradients`.

    Raises:
        InputError: the classifier has no gradients, or does not know the behaviour; no keypoint
            of an animal is ever seen.
    """
    network = gradients_of(bundle)
    column = column_of(bundle, behaviour)
    begin, end = network.span(frame, prepared.n_frames)
    early, late = bundle.frontend.feature_set.support_frames
    first, stop = max(0, begin - early), min(prepared.n_frames, end + late)
    heard = slice(begin - first, end - first)
    poses = torch.from_numpy(prepared.pair_position(pair))
    x, still = poses[first:stop], held_still(poses, frame, bundle.frontend.skeleton)
    baseline = torch.where(x.isnan(), x, still.expand_as(x))
    looked_for = np.flatnonzero(bundle.looked_for(prepared.lab))
    others = looked_for[looked_for != column] if network.exclusive else None
    both = not bundle.space.directed and not bundle.frontend.feature_set.symmetric

    def score(points: Tensor) -> Tensor:
        views = [points, points.flip(-3)] if both else [points]
        inputs = [bundle.frontend.of_poses(each, prepared.lab) for each in views]
        said = [network.logits_of(each[heard], frame - begin) for each in inputs]
        return torch.stack([_log_odds(each, column, others) for each in said]).mean()

    values = integrated_gradients(score, x, baseline, steps)
    with torch.no_grad():
        ends = float(score(x)), float(score(baseline))
    return Attribution(values.double().numpy(), first, *ends)


def gradients_of(bundle: Bundle) -> NetworkClassifier:
    """The bundle's network.

    Raises:
        InputError: it has none.
    """
    if not isinstance(bundle.classifier, NetworkClassifier):
        raise InputError(
            f"A classifier of the kind {bundle.classifier.kind!r} has no gradients, so nothing can "
            "be attributed to keypoints. The importance of families of features works for every "
            "classifier; SHAP values for trees."
        )
    return bundle.classifier


def column_of(bundle: Bundle, behaviour: str) -> int:
    """Index of a behaviour.

    Raises:
        InputError: the model does not know it.
    """
    if behaviour not in bundle.space.names:
        raise InputError(
            f"The model does not know {behaviour!r}; it knows {list(bundle.space.names)}."
        )
    return bundle.space.names.index(behaviour)


def _log_odds(logits: Tensor, column: int, others: NDArray[np.intp] | None) -> Tensor:
    """Of one behaviour, from logits `(behaviour,)`; against `others`, where they exclude it."""
    return logits[column] if others is None else logits[column] - logits[others].logsumexp(0)


def held_still(poses: Tensor, frame: int, skeleton: Skeleton) -> Tensor:
    """The baseline: both animals in their usual posture, at their usual distance, not moving.

    Each keeps its median posture in the recording, faces where it faces in `frame`, and the two
    stand as far apart as they usually do, in the direction in which they stand, around the middle
    between them.

    Args:
        poses: of a pair, `(time, 2, keypoint, 2)`; NaN is missing.
        frame: of `poses`.
        skeleton: which keypoints are nose and tail base.

    Returns:
        `(2, keypoint, 2)`.

    Raises:
        InputError: a keypoint is missing in every frame.
    """
    centres, axes = _places(poses, skeleton)
    usual = usual_posture(poses, skeleton)
    place = torch.stack([_nearest_known(centres[:, animal], frame) for animal in (0, 1)])
    ahead = torch.stack([_nearest_known(axes[:, animal], frame) for animal in (0, 1)])
    apart = place[1] - place[0]
    usually = length((centres[:, 1] - centres[:, 0]).T).nanmedian()
    way = apart / apart.norm() if apart.norm() > 0 else torch.tensor([1.0, 0.0])
    middle = place.mean(0)
    new = torch.stack([middle - way * usually / 2, middle + way * usually / 2])
    across = torch.stack([-ahead[:, 1], ahead[:, 0]], dim=-1)
    bodies = usual[..., :1] * ahead[:, None] + usual[..., 1:] * across[:, None]
    return new[:, None] + bodies


def usual_posture(poses: Tensor, skeleton: Skeleton) -> Tensor:
    """Median place of each keypoint in its animal's own frame, `(2, keypoint, 2)`.

    The last dimension is forward and right of the centre. Arguments as of `held_still`.
    """
    centres, axes = _places(poses, skeleton)
    aside = torch.stack([-axes[..., 1], axes[..., 0]], dim=-1)
    out = poses - centres[:, :, None]
    seen = torch.stack([(out * each[:, :, None]).sum(-1) for each in (axes, aside)], dim=-1)
    return seen.nanmedian(dim=0).values.nan_to_num(nan=0.0)


def _places(poses: Tensor, skeleton: Skeleton) -> tuple[Tensor, Tensor]:
    """Centres and unit vectors forward, both `(time, 2, 2)`."""
    points = poses.movedim(0, -1)
    places = centre(points, skeleton), forward(points, skeleton)
    return places[0].movedim(-1, 0), places[1].movedim(-1, 0)


def _nearest_known(values: Tensor, frame: int) -> Tensor:
    """The row `(2,)` of `(time, 2)` nearest to a frame that is not missing."""
    known = torch.isfinite(values).all(dim=-1).nonzero()[:, 0]
    if not len(known):
        raise InputError(
            "Which way an animal faces is never seen (from its nose, its tail base and what is "
            "between them), so there is no usual posture to compare with."
        )
    return values[known[(known - frame).abs().argmin()]]


def tree_shap(classifier: TreeClassifier, features: Tensor) -> NDArray[np.float64]:
    """SHAP values of trees (TreeSHAP, Lundberg et al. 2020, Nature Machine Intelligence 2:56).

    Args:
        classifier: trees.
        features: `(time, feature)`, as the frontend gives them.

    Returns:
        `(time, behaviour, feature + 1)`; the last column is the expected score, and a row adds up
        to the raw score of the behaviour. In two steps the score of a behaviour is that of any
        behaviour plus its own among the behaviours; that of the background is against any.
    """
    width = features.shape[1] + 1
    parts = []
    for booster in classifier.boosters:
        said = np.asarray(booster.predict(features.numpy(), pred_contrib=True))
        parts.append(said.reshape(len(features), -1, width))
    if classifier.background is not None:
        some, which = parts
        return np.insert(some + which, classifier.background, -some[:, 0], axis=1)
    return np.concatenate(parts, axis=1)
