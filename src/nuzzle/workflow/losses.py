"""What of the labels and of the keypoints has no part in a training: said before it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nuzzle.config import Config
from nuzzle.errors import listed
from nuzzle.prepare.master import choose_skeleton, differences
from nuzzle.recording import Recording
from nuzzle.training.progress import Say
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.samples import that_count

#: Where a larger share of a behaviour's frames, and more frames, are lost to others, that is said.
_MANY_HIDDEN, _LEAST_HIDDEN = 0.05, 10


def overlapping(hidden: Iterable[Mapping[str, tuple[int, int]]]) -> Iterator[str]:
    """A sentence on behaviours of which many frames are lost, as others go on in them.

    Args:
        hidden: of each recording, `LabelSpace.hidden`.
    """
    lost: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for each in hidden:
        for name, (frames, of_all) in each.items():
            lost[name] += frames
            total[name] += of_all
    least = {name: max(_LEAST_HIDDEN, _MANY_HIDDEN * frames) for name, frames in total.items()}
    told = [
        f"{name} {lost[name]:,} of {total[name]:,}" for name in lost if lost[name] > least[name]
    ]
    if told:
        yield (
            "Where several behaviours go on at once, one counts: that which comes first in "
            "labels.priority, by default the rarest. Frames that are lost to others so: "
            f"{', '.join(told)}."
        )


def warn_of_losses(
    train: Sequence[Recording],
    val: Sequence[Recording],
    space: LabelSpace,
    config: Config,
    say: Say,
) -> None:
    """Say what is left out of labels that overlap, and of keypoints that not all have."""
    for told in overlapping(space.hidden(each) for each in (*train, *val)):
        every = [each.labels.bouts["stream"] for each in train if each.labels is not None]
        streams = sorted({name for column in every for name in column} - {""})
        choose = f"; or choose one of the streams {listed(streams)} (the manifest's column stream)"
        say(
            f"warning: {told} To learn all that goes on: --set labels.mode=multilabel"
            f"{choose if len(streams) > 1 else ''}"
        )
    # What a configuration names is all that it wants.
    unnamed = [each.prepare for each in config.members().values() if not each.prepare.keypoints]
    if unnamed:
        known = that_count(train, space)
        if told := differences(known, choose_skeleton(known, unnamed[0]).keypoints):
            say(told)
