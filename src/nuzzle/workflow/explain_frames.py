"""Attributions of chosen frames, gathered over the bouts of each behaviour."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from nuzzle.errors import InputError, count, listed
from nuzzle.evaluation.figures import percent
from nuzzle.inference.attribution import Attribution, attribute, usual_posture
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import PairProbability, default_pairs, predict_prepared
from nuzzle.labels import Pair, mask_to_intervals
from nuzzle.outputs.charts_explain import bodies, course
from nuzzle.outputs.explain_page import ExplanationFolder
from nuzzle.prepare.rate import FrameMap
from nuzzle.progress import Say
from nuzzle.recording import Recording
from nuzzle.workflow.scored import targets_of

#: Attributions that leave more than this share unexplained are pointed out.
_INCOMPLETE = 0.1
#: In natural logarithms of odds: a baseline this near is no contrast.
_NEAR = 1.0
#: The course in time shows the moments that hold this share of the attribution.
_SHOWN_SHARE = 0.99


class Example(NamedTuple):
    """One frame to explain.

    Attributes:
        recording: its name.
        prepared: by the bundle's frontend.
        pair: agent and target.
        behaviour: what is explained.
        frame: of the video.
        at: the same moment in `prepared`.
        frames: length of the bout; 0 where a frame was asked for.
    """

    recording: str
    prepared: Recording
    pair: Pair
    behaviour: str
    frame: int
    at: int
    frames: int


def choose_frames(
    bundle: Bundle,
    recordings: Sequence[Recording],
    behaviours: Sequence[str],
    bouts: int,
    pair: str = "",
) -> list[Example]:
    """The middles of the longest bouts that a bundle finds, `bouts` of each behaviour.

    What an animal does to itself is one bout, though it is seen beside each other animal.

    Raises:
        InputError: a recording has no pair called `pair`.
    """
    found: list[Example] = []
    for recording in recordings:
        (prepared,) = copies = bundle.prepare(recording)
        at = FrameMap.of(recording, prepared.require_fps()).new_of_old
        decoder = bundle.decoder_of(recording.lab)
        agents, whose = set[str](), asked(bundle, recording, pair)
        for one, probability in _said(bundle, recording, copies, whose):
            decided = decoder(probability, recording.require_fps())
            own = bundle.space.own if one.agent in agents else ()
            agents.add(one.agent)
            for name in (each for each in behaviours if each not in own):
                column = bundle.space.names.index(name)
                for start, stop in mask_to_intervals(decided[:, column] & whose[one][column]):
                    middle, long = int(start + stop) // 2, int(stop - start)
                    frame = recording.start_frame + middle
                    found.append(
                        Example(recording.name, prepared, one, name, frame, int(at[middle]), long)
                    )
    longest = sorted(found, key=lambda each: -each.frames)
    return [
        each for name in behaviours for each in [e for e in longest if e.behaviour == name][:bouts]
    ]


def given_frames(
    bundle: Bundle,
    recordings: Sequence[Recording],
    behaviours: Sequence[str],
    frames: Sequence[int],
    pair: str = "",
) -> list[Example]:
    """The frames of the video that were asked for.

    Args:
        bundle: a network, or trees.
        recordings: one.
        behaviours: what is explained in each frame.
        frames: of the video.
        pair: ``agent->target``; by default the one that shows a behaviour most in that frame.

    Raises:
        InputError: there are several recordings, no such frame or pair, or nothing is said there.
    """
    if len(recordings) != 1:
        raise InputError(
            f"--frames counts the frames of one recording, and these are {len(recordings)}: "
            f"{listed([each.name for each in recordings])}. Name the pose file of one, or a "
            "manifest with its row alone."
        )
    (recording,) = recordings
    first = recording.start_frame
    if wrong := [each for each in frames if not first <= each < first + recording.n_frames]:
        raise InputError(
            f"recording {recording.name!r} has the frames {first} to "
            f"{first + recording.n_frames - 1}; got {wrong[0]}."
        )
    (prepared,) = copies = bundle.prepare(recording)
    at = FrameMap.of(recording, prepared.require_fps()).new_of_old
    whose = asked(bundle, recording, pair)
    said = _said(bundle, recording, copies, whose)
    out = []
    for name in behaviours:
        column = bundle.space.names.index(name)
        of_it = [each for each in said if whose[each.pair][column]]
        for frame in frames:
            if (most := _likeliest(of_it, frame - first, column)) is not None:
                new = int(at[frame - first])
                out.append(Example(recording.name, prepared, most, name, frame, new, 0))
    if not out:
        raise InputError(
            f"recording {recording.name!r}: nothing is said of {listed([*behaviours])} in these "
            "frames: an animal has no point there for 10 s or more, or nobody looked for it."
        )
    return out


def _likeliest(said: Sequence[PairProbability], frame: int, column: int) -> Pair | None:
    """The pair of which a behaviour is likeliest; None where nothing is said of any."""
    likely = {each.pair: float(each.probability[frame, column]) for each in said}
    known = [pair for pair, probability in likely.items() if np.isfinite(probability)]
    return max(known, key=lambda pair: likely[pair], default=None)


def looked_for(bundle: Bundle, recording: Recording) -> dict[Pair, NDArray[np.bool_]]:
    """What people looked for in each pair that they looked at, `(behaviour,)`.

    Nothing where there are no labels of what the model learned.
    """
    targets = targets_of(bundle, recording).items()
    looked = {pair: np.asarray(each.observed.any(axis=0)) for pair, each in targets}
    if not bundle.space.directed:
        looked |= {pair.reversed: mask for pair, mask in looked.items()}
    return {pair: looked[pair] for pair in default_pairs(bundle, recording) if pair in looked}


def watched(bundle: Bundle, recording: Recording) -> dict[Pair, NDArray[np.bool_]]:
    """The pairs to explain, and of what in each, `(behaviour,)`: that which people looked for.

    What they looked for in none of these pairs may be in any of them; without labels of what the
    model learned, anything in all pairs.
    """
    mine = looked_for(bundle, recording)
    if not mine:
        return _everything(bundle, default_pairs(bundle, recording))
    nowhere = ~np.any([*mine.values()], axis=0)
    return {pair: mask | nowhere for pair, mask in mine.items()}


def _everything(bundle: Bundle, pairs: Sequence[Pair]) -> dict[Pair, NDArray[np.bool_]]:
    return dict.fromkeys(pairs, np.ones(len(bundle.space.names), dtype=bool))


def asked(bundle: Bundle, recording: Recording, pair: str) -> dict[Pair, NDArray[np.bool_]]:
    """All of the pair called ``agent->target``, or what people looked for (`watched`)."""
    if not pair:
        return watched(bundle, recording)
    return _everything(bundle, _called(bundle, recording, pair))


def _said(
    bundle: Bundle, recording: Recording, copies: Sequence[Recording], pairs: Collection[Pair]
) -> list[PairProbability]:
    """What a bundle says of these pairs."""
    # What an animal does to itself is said of all pairs that it is the agent of.
    agents = {pair.agent for pair in pairs}
    of_agents = [each for each in default_pairs(bundle, recording) if each.agent in agents]
    said = predict_prepared(bundle, recording, copies, of_agents)
    return [each for each in said if each.pair in pairs]


def _called(bundle: Bundle, recording: Recording, pair: str) -> list[Pair]:
    """The pair called ``agent->target``."""

    def names(each: Pair) -> list[str]:
        orders = [each] if bundle.space.directed else [each, each.reversed]
        return [f"{agent}->{target}" for agent, target in orders]

    pairs, wanted = default_pairs(bundle, recording), _without_blanks(pair)
    mine = [each for each in pairs if wanted in map(_without_blanks, names(each))]
    if not mine:
        raise InputError(
            f"recording {recording.name!r} has no pair {pair!r}; it has "
            f"{[names(each)[0] for each in pairs]}."
        )
    return mine


def _without_blanks(text: str) -> str:
    return "".join(text.split())


def explain_frames(
    bundle: Bundle,
    examples: Sequence[Example],
    folder: ExplanationFolder,
    note: Say,
) -> list[dict[str, Any]]:
    """Attribute the examples, write pictures and tables; return what was explained."""
    done = [
        (each, attribute(bundle, each.prepared, each.pair, each.at, each.behaviour))
        for each in examples
    ]
    for name in dict.fromkeys(each.behaviour for each in examples):
        _draw(bundle, [one for one in done if one[0].behaviour == name], folder)
    rows = [_row(bundle, *one) for one in done]
    if rows:
        folder.table("attribution_frames", rows)
        folder.table("attribution", [row for one in done for row in _keypoint_rows(bundle, *one)])
    near = [row for row in rows if abs(row["log_odds"] - row["log_odds_of_baseline"]) < _NEAR]
    for name in dict.fromkeys(row["behaviour"] for row in near):
        note(
            f"{name}: the model says nearly the same of the animals held still as of what they do, "
            "in one frame at least. The attribution of such a frame tells little; see log_odds in "
            "attribution_frames.csv."
        )
    poor = [row for row in rows if abs(row["unexplained"]) > _INCOMPLETE * row["absolute"]]
    if poor:
        note(
            f"In {len(poor)} of {len(rows)} frames the attributions leave more than "
            f"{percent(_INCOMPLETE)} of what they add up to unexplained: take them as rough."
        )
    return rows


def _row(bundle: Bundle, example: Example, found: Attribution) -> dict[str, Any]:
    own = example.behaviour in bundle.space.own
    return {
        "recording": example.recording,
        "agent": example.pair.agent,
        "target": example.pair.agent if own else example.pair.target,
        "behaviour": example.behaviour,
        "frame": example.frame,
        "bout_frames": example.frames,
        "log_odds": found.score,
        "log_odds_of_baseline": found.baseline_score,
        "unexplained": found.unexplained,
        "absolute": float(np.abs(found.values).sum()),
    }


def _keypoint_rows(bundle: Bundle, example: Example, found: Attribution) -> list[dict[str, Any]]:
    share, signed = _shares(found).sum(axis=0), found.values.sum(axis=(0, 3))
    return [
        {
            "recording": example.recording,
            "frame": example.frame,
            "behaviour": example.behaviour,
            "animal": animal,
            "individual": example.pair[number],
            "keypoint": keypoint,
            "share": float(share[number, index]),
            "log_odds": float(signed[number, index]),
        }
        for number, animal in enumerate(_animals(bundle, example.behaviour))
        for index, keypoint in enumerate(bundle.frontend.skeleton.keypoints)
    ]


def _shares(found: Attribution) -> NDArray[np.float64]:
    """Shares of the absolute attribution, `(time, 2, keypoint)`."""
    size = np.abs(found.values).sum(axis=-1)
    shares: NDArray[np.float64] = size / max(float(size.sum()), 1e-12)
    return shares


def _animals(bundle: Bundle, behaviour: str) -> tuple[str, str]:
    """What the two animals of a pair are in a behaviour."""
    if not bundle.space.directed:
        return "one animal", "the other"
    return "agent", "another animal" if behaviour in bundle.space.own else "target"


def _draw(
    bundle: Bundle, done: Sequence[tuple[Example, Attribution]], folder: ExplanationFolder
) -> None:
    """Pictures and course of one behaviour, the mean over its examples."""
    example = done[0][0]
    skeleton, animals = bundle.frontend.skeleton, _animals(bundle, example.behaviour)
    behaviour, number = example.behaviour, bundle.space.names.index(example.behaviour)
    poses = torch.from_numpy(example.prepared.pair_position(example.pair))
    posture = usual_posture(poses, skeleton).double().numpy()
    by_keypoint = np.mean([_shares(found).sum(axis=0) for _, found in done], axis=0)
    frames, where = count(len(done), "frame"), frames_of([each for each, _ in done], behaviour)
    odds = float(np.mean([found.score for _, found in done]))
    still = float(np.mean([found.baseline_score for _, found in done]))
    folder.picture(
        behaviour,
        f"keypoints-{number}",
        bodies(by_keypoint, posture, skeleton, animals, behaviour),
        f"Integrated gradients of the log-odds of {behaviour} in {frames} (mean {odds:.1f}), "
        "against both animals held still in their usual posture and at their usual distance "
        f"({still:.1f}). Shares of the absolute attribution, summed over time; they do not say in "
        f"which direction a keypoint speaks. Of {where}.",
    )
    offsets, total = _course(done, bundle.frontend.fps)
    shown = _reach(offsets, total)
    folder.picture(
        behaviour,
        f"course-{number}",
        course(offsets[shown], total[shown] * bundle.frontend.fps, animals, behaviour),
        "The same, summed over keypoints, by the time from the frame that is decided.",
    )
    folder.table(
        f"course-{number}",
        [
            {"behaviour": behaviour, "offset_s": offset, "animal": name, "share": row[n]}
            for offset, row in zip(offsets, total, strict=True)
            for n, name in enumerate(animals)
        ],
    )


def frames_of(examples: Sequence[Example], behaviour: str) -> str:
    """Which frames of a behaviour, of whom, in words."""
    of_whom: dict[str, list[int]] = {}
    for each in (one for one in examples if one.behaviour == behaviour):
        whose = f"{each.pair.agent} and {each.pair.target} in {each.recording}"
        of_whom.setdefault(whose, []).append(each.frame)
    return "; ".join(
        f"{whose}: frame{'s' * (len(frames) > 1)} {', '.join(map(str, sorted(frames)))}"
        for whose, frames in of_whom.items()
    )


def _course(
    done: Sequence[tuple[Example, Attribution]], fps: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Offsets from the explained frame `(time,)`, s, and mean shares of the animals `(time, 2)`."""
    first = [found.first_frame - example.at for example, found in done]
    shares = [_shares(found).sum(axis=2) for _, found in done]
    low = min(first)
    total = np.zeros((max(f + len(s) for f, s in zip(first, shares, strict=True)) - low, 2))
    for begin, share in zip(first, shares, strict=True):
        total[begin - low : begin - low + len(share)] += share / len(done)
    return (low + np.arange(len(total))) / fps, total


def _reach(offsets: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.bool_]:
    """The moments around the explained frame that hold nearly all of the attribution."""
    away = np.abs(offsets)
    order = np.argsort(away, kind="stable")
    inside = np.cumsum(total.sum(axis=1)[order]) <= _SHOWN_SHARE
    return np.asarray(away <= (away[order][inside].max() if inside.any() else 0.0))
