"""Several labs in one training: telling the model which is which, and what they disagree about."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Sequence

import numpy as np
import torch
from torch import Tensor

from nuzzle.errors import TrainingError
from nuzzle.progress import Say
from nuzzle.recording import Recording

#: Bouts of one name whose medians in two labs differ more than this are hardly the same behaviour.
MOST_APART = 10.0
#: A lab's median says something from so many bouts on.
LEAST_BOUTS = 5

_TO_ITSELF = "something that an animal does to itself"
_OR_ONE_OF_BOTH = (
    ". If one recording has both, write self:{0}=NEW there. The column looked_for then needs the "
    "new name, too"
)
_BACKGROUND = "the background, none of the others,"
_OR_ITS_BACKGROUND = ", or correct the column background"


def with_lab(x: Tensor, inside: Tensor, lab: Tensor) -> Tensor:
    """Features with the code of each piece's lab after them, 0 outside of the recording.

    Args:
        x: `(batch, time, feature)`.
        inside: `(batch, time)` bool.
        lab: `(batch, lab)`, as `Frontend.lab_code` gives it; of no labs, `x` stays as it is.
    """
    if not lab.shape[1]:
        return x
    return torch.cat([x, (lab.unsqueeze(1) * inside.unsqueeze(2)).to(x)], dim=2)


def hide_lab(lab: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Codes `(piece, lab)`, about a `share` of which has become that of an unknown lab: zeros."""
    if not lab.shape[1] or not share:
        return lab
    shown = torch.from_numpy(rng.random(len(lab)) >= share)
    return lab * shown.unsqueeze(1).to(lab)


def looked_for_by_lab(
    recordings: Iterable[Recording], names: Sequence[str]
) -> dict[str, list[str]]:
    """Lab -> those of the behaviours that it looked for in any recording, if there are any."""
    found: dict[str, set[str]] = {}
    for recording in recordings:
        if recording.lab and recording.labels is not None:
            found.setdefault(recording.lab, set()).update(recording.labels.behaviours)
    listed = {lab: [name for name in names if name in found[lab]] for lab in sorted(found)}
    return {lab: behaviours for lab, behaviours in listed.items() if behaviours}


def refuse_contradictions(recordings: Iterable[Recording], learned: Collection[str] = ()) -> None:
    """Refuse one name for what are different things for certain.

    Args:
        recordings: with labels.
        learned: the names that matter; all by default.

    Raises:
        TrainingError: what an animal does to itself it also does to another, or a behaviour of one
            lab is the background of another.
    """
    to_itself, to_another, background = _Uses(), _Uses(), _Uses()
    for recording in recordings:
        if recording.labels is None:
            continue
        observed = recording.labels.observed
        own = observed["agent"] == observed["target"]
        to_itself.add(recording, observed.loc[own, "behaviour"])
        to_another.add(recording, observed.loc[~own, "behaviour"])
        background.add(recording, [recording.labels.background or ""])
    for here, what, there, other, mend in (
        (to_itself, _TO_ITSELF, to_another, "does to another", _OR_ONE_OF_BOTH),
        (background, _BACKGROUND, to_itself, "is a behaviour", _OR_ITS_BACKGROUND),
        (background, _BACKGROUND, to_another, "is a behaviour", _OR_ITS_BACKGROUND),
    ):
        both = set(here.labs) & set(there.labs)
        for name in sorted(both.intersection(learned) if learned else both):
            for one, two in itertools.product(sorted(here.labs[name]), sorted(there.labs[name])):
                if one != two or here is to_itself:
                    raise TrainingError(
                        f"One name for two things: {name!r} is {what} in {here.where(name, one)}, "
                        f"and {other} in {there.where(name, two)}. Rename it for one of them in "
                        f"the manifest's column behaviours ({name}=NEW){mend.format(name)}."
                    )


def warn_of_differences(recordings: Iterable[Recording], say: Say) -> None:
    """Say where bouts of one name last so differently in two labs that it may mean two things."""
    lengths: dict[str, dict[str, list[float]]] = {}
    for recording in recordings:
        if recording.labels is None:
            continue
        bouts, fps = recording.labels.bouts, recording.require_fps()
        seconds = (bouts["stop_frame"] - bouts["start_frame"]) / fps
        for name, each in seconds.groupby(bouts["behaviour"]):
            lengths.setdefault(str(name), {}).setdefault(recording.lab, []).extend(each)
    for name, labs in sorted(lengths.items()):
        medians = {lab: np.median(each) for lab, each in labs.items() if len(each) >= LEAST_BOUTS}
        if len(medians) < 2:
            continue
        short, long = (pick(medians, key=lambda lab: medians[lab]) for pick in (min, max))
        if medians[long] > MOST_APART * medians[short]:
            say(
                f"warning: a bout of {name!r} lasts {medians[short]:.2g} s in {_called(short)} and "
                f"{medians[long]:.2g} s in {_called(long)} (medians of {len(labs[short])} and "
                f"{len(labs[long])}): is it the same behaviour? If not, rename it for one of them "
                f"in the manifest's column behaviours ({name}=NEW)"
            )


class _Uses:
    """In which labs a name is used in a certain way, and in which recording of each first."""

    def __init__(self) -> None:
        self.labs: dict[str, dict[str, str]] = {}

    def add(self, recording: Recording, names: Iterable[str]) -> None:
        for name in set(names) - {""}:
            self.labs.setdefault(name, {}).setdefault(recording.lab, recording.name)

    def where(self, name: str, lab: str) -> str:
        return f"{_called(lab)} (recording {self.labs[name][lab]!r})"


def _called(lab: str) -> str:
    return f"lab {lab!r}" if lab else "recordings without a lab"
