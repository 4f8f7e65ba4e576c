"""The score of the MABe 2025 competition: F1 per action, averaged over actions, then over labs.

Source: "MABe Challenge - Social Action Recognition in Mice", Kaggle, 2025. The rules:

1. A key is (recording, agent, target, action); its frames are the union of its rows.
2. Only recordings with a row in the truth are scored.
3. A predicted row counts only if its (agent, target, action) was looked for in its recording.
4. Repeated frames of a key count once. Two different actions predicted for one agent and target
   on one frame are an error; different targets are not.
5. Frames are counted per lab and action, over recordings and pairs. A true key that was never
   predicted is missed in full. F = (1 + b^2) tp / ((1 + b^2) tp + b^2 fn + fp).
6. A lab's score is the mean over the actions in its truth, and over those that were looked for
   and predicted at all.
7. The score is the mean over labs.

A row that stops where it starts has no frames, yet its action occurs, as in the competition.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.errors import InputError, listed

Triple = tuple[str, str, str]
Intervals = NDArray[np.int64]
COLUMNS = ("video_id", "agent_id", "target_id", "action", "start_frame", "stop_frame")


@dataclass(frozen=True)
class ActionScore:
    """Frames of one action in one lab: hit, false, missed; and their F."""

    true_positive: int
    false_positive: int
    false_negative: int
    f: float


@dataclass(frozen=True)
class MabeScore:
    """The competition's score and what it is made of.

    Attributes:
        score: mean over labs.
        per_lab: lab -> mean over its actions.
        per_action: lab -> action -> counts and F.
        rows_not_looked_for: predicted rows dropped because nobody looked for their action.
        rows_not_scored: predicted rows of recordings without truth.
    """

    score: float
    per_lab: dict[str, float]
    per_action: dict[str, dict[str, ActionScore]]
    rows_not_looked_for: int
    rows_not_scored: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


class _Key(NamedTuple):
    video: str
    agent: str
    target: str
    action: str


def mabe_score(
    truth: pd.DataFrame,
    submission: pd.DataFrame,
    looked_for: Mapping[str, Collection[Triple]],
    lab_of: Mapping[str, str],
    *,
    beta: float = 1.0,
) -> MabeScore:
    """Score a submission to the MABe 2025 competition.

    Args:
        truth: rows with `COLUMNS`; 0-based frames, `stop_frame` exclusive.
        submission: the same.
        looked_for: recording -> (agent, target, action) that were looked for, spelled as in the
            submission (``mouse1``, ``self``).
        lab_of: recording -> lab.
        beta: weight of recall against precision.

    Raises:
        InputError: a column is missing, the truth is empty, a recording's lab is unknown or what it
            looked for, a predicted row stops before it starts, or two actions are predicted for one
            agent and target on one frame.
    """
    truth, submission = _checked(truth, "truth"), _checked(submission, "submission")
    _check_scorable(truth, submission, looked_for, lab_of)
    scored = submission[submission["video_id"].isin(truth["video_id"])]
    allowed = np.array([key[1:] in looked_for[key.video] for key in _keys(scored)], dtype=bool)
    counted = scored[allowed]
    true, predicted = _unions(truth), _unions(counted)
    _refuse_conflicts(predicted)
    per_action = _per_action(true, predicted, lab_of, beta)
    per_lab = {
        lab: float(np.mean([score.f for score in actions.values()]))
        for lab, actions in per_action.items()
    }
    return MabeScore(
        score=float(np.mean(list(per_lab.values()))),
        per_lab=per_lab,
        per_action=per_action,
        rows_not_looked_for=len(scored) - len(counted),
        rows_not_scored=len(submission) - len(scored),
    )


def _checked(table: pd.DataFrame, what: str) -> pd.DataFrame:
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise InputError(
            f"The {what} needs the columns {list(COLUMNS)}; {missing} are missing among "
            f"{list(table.columns)}."
        )
    kinds = {**dict.fromkeys(COLUMNS[:4], str), **dict.fromkeys(COLUMNS[4:], np.int64)}
    try:
        return table[list(COLUMNS)].reset_index(drop=True).astype(kinds)
    except ValueError as error:
        raise InputError(f"The {what} has frames that are not whole numbers: {error}.") from error


def _check_scorable(
    truth: pd.DataFrame,
    submission: pd.DataFrame,
    looked_for: Mapping[str, Collection[Triple]],
    lab_of: Mapping[str, str],
) -> None:
    if truth.empty:
        raise InputError("The truth has no rows: there is nothing to score against.")
    backwards = submission[submission["stop_frame"] < submission["start_frame"]]
    if len(backwards):
        row = backwards.iloc[0]
        raise InputError(
            f"The submission's row {backwards.index[0]} (counted from 0) stops at frame "
            f"{row['stop_frame']}, before its start at frame {row['start_frame']}."
        )
    videos = set(truth["video_id"])
    for what, known in (("lab", lab_of), ("list of what was looked for", looked_for)):
        unknown = sorted(videos - set(known))
        if unknown:
            raise InputError(f"The {what} of the recordings {listed(unknown)} is not known.")


def _keys(table: pd.DataFrame) -> list[_Key]:
    return [_Key(*row) for row in table[list(COLUMNS[:4])].itertuples(index=False)]


def _unions(table: pd.DataFrame) -> dict[_Key, Intervals]:
    """The frames of every key as sorted intervals that do not touch."""
    rows: defaultdict[_Key, list[tuple[int, int]]] = defaultdict(list)
    frames = table[["start_frame", "stop_frame"]].to_numpy()
    for key, (start, stop) in zip(_keys(table), frames, strict=True):
        rows[key].append((int(start), int(stop)))
    return {key: _union(np.array(intervals)) for key, intervals in rows.items()}


def _union(intervals: Intervals) -> Intervals:
    """Half-open intervals `(n, 2)` merged where they overlap or touch; empty ones left out."""
    kept = intervals[intervals[:, 1] > intervals[:, 0]]
    if not len(kept):
        return kept
    kept = kept[np.argsort(kept[:, 0], kind="stable")]
    reach = np.maximum.accumulate(kept[:, 1])
    fresh = np.concatenate(([True], kept[1:, 0] > reach[:-1]))
    last = np.append(np.flatnonzero(fresh)[1:] - 1, len(kept) - 1)
    return np.stack([kept[fresh, 0], reach[last]], axis=1)


def _length(intervals: Intervals) -> int:
    return int((intervals[:, 1] - intervals[:, 0]).sum())


def _shared(one: Intervals, other: Intervals) -> int:
    """Frames in both of two unions."""
    return _length(one) + _length(other) - _length(_union(np.concatenate([one, other])))


def _refuse_conflicts(predicted: Mapping[_Key, Intervals]) -> None:
    by_pair: defaultdict[tuple[str, str, str], list[_Key]] = defaultdict(list)
    for key in predicted:
        by_pair[key[:3]].append(key)
    for (video, agent, target), keys in by_pair.items():
        spans = sorted(
            (int(start), int(stop), key.action) for key in keys for start, stop in predicted[key]
        )
        for before, after in pairwise(spans):
            if after[0] < before[1]:
                raise InputError(
                    f"Recording {video}, {agent} to {target}: both {before[2]!r} and "
                    f"{after[2]!r} are predicted for frame {after[0]}. The competition allows one "
                    "action at a time for an agent and its target; shorten or drop one of them."
                )


def _per_action(
    true: Mapping[_Key, Intervals],
    predicted: Mapping[_Key, Intervals],
    lab_of: Mapping[str, str],
    beta: float,
) -> dict[str, dict[str, ActionScore]]:
    counts: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    nothing = np.zeros((0, 2), dtype=np.int64)
    for key in {**true, **predicted}:
        one, other = true.get(key, nothing), predicted.get(key, nothing)
        hit = _shared(one, other)
        cell = counts[lab_of[key.video], key.action]
        cell[0] += hit
        cell[1] += _length(other) - hit
        cell[2] += _length(one) - hit
    scores: defaultdict[str, dict[str, ActionScore]] = defaultdict(dict)
    for (lab, action), (tp, fp, fn) in sorted(counts.items()):
        weighted = (1 + beta**2) * tp
        whole = weighted + beta**2 * fn + fp
        scores[lab][action] = ActionScore(tp, fp, fn, weighted / whole if whole else 0.0)
    return dict(scores)
