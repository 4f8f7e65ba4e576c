"""What of the labels and of the keypoints has no part in a training: said before it begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nuzzle.config import Config
from nuzzle.errors import listed
from nuzzle.prepare.master import differences
from nuzzle.progress import Say
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace

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
            "labels.priority, by default the rarest. Frames of all pairs that are lost to others "
            f"so: {', '.join(told)}."
        )


def warn_of_unused(
    train: Sequence[Recording],
    val: Sequence[Recording],
    space: LabelSpace,
    config: Config,
    say: Say,
) -> None:
    """Say what is left out of labels that overlap, and of keypoints that not all have."""
    streams = set[str]()
    hidden = list[dict[str, tuple[int, int]]]()
    for each in (*train, *val):
        hidden.append(space.hidden(each))
        if each.labels is not None and any(frames for frames, _ in hidden[-1].values()):
            mine = {*each.labels.bouts["stream"]} - {""}
            streams |= mine if len(mine) > 1 else set()
    choose = f"; or choose one of the streams {listed(sorted(streams))} (the column stream)"
    for told in overlapping(hidden):
        way_out = f"To learn all that goes on: --set labels.mode=multilabel{choose * bool(streams)}"
        say(f"warning: {told} {way_out}")
    named = [each.prepare.keypoints for each in config.members().values()]
    wanted = dict.fromkeys(name for names in named for name in names) if all(named) else ()
    if told := differences([each for each in train if each.labels is not None], [*wanted]):
        say(told)
