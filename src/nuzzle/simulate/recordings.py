"""Simulated recordings, one in memory or a set of them on disk in a genuine file layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nuzzle import __version__
from nuzzle.errors import InputError, OutputError
from nuzzle.files import write_text
from nuzzle.io.calms21_write import write_calms21_groups
from nuzzle.io.mabe_write import write_mabe
from nuzzle.labels import Pair
from nuzzle.recording import Recording
from nuzzle.simulate.annotator import Bouts, annotate, exclusive_labels, listed_labels
from nuzzle.simulate.behaviour import Director, play
from nuzzle.simulate.bodies import keypoints
from nuzzle.simulate.calms21_tasks import groups_of, relabelled, sequence_name
from nuzzle.simulate.difficulty import Difficulty, difficulty_named
from nuzzle.simulate.durations import PROCESSES, Dice, Process
from nuzzle.simulate.labs import CALMS21_LAB, LABS, Lab
from nuzzle.simulate.steering import Arena
from nuzzle.simulate.tracker import track

#: The floor that CalMS21's camera sees: 1024 x 570 px at 18.33 px/cm.
ARENA = Arena(1024 / 18.33, 570 / 18.33)
INDIVIDUALS = {"calms21": ("resident", "intruder"), "mabe": ("mouse1", "mouse2")}
FORMATS = ("calms21", "mabe")
CALMS21_CODES = {"attack": 0, "investigation": 1, "mount": 2, "other": 3}
#: What a recording's `source` says of it; the writers pass it on into the files.
SIMULATED = "simulated"
_TEST_SHARE = 0.25
#: A recording is made in memory as a whole.
_LONGEST_MINUTES = 24 * 60
_Seed = int | Sequence[int]


class Truth(NamedTuple):
    """What happened, before any tracker.

    Attributes:
        points_cm: `(time, 2 animals, 7 keypoints, 2 = x, y)`, cm, ordered as `MOUSE7_KEYPOINTS`.
        bouts: label bouts (behaviour, start, stop) in frames, the background left out.
    """

    points_cm: NDArray[np.float64]
    bouts: Bouts


def simulate_truth(
    process: Process,
    session: Sequence[str],
    *,
    n_frames: int,
    fps: float,
    level: Difficulty,
    rng: np.random.Generator,
) -> Truth:
    """Two mice and what they do: bouts from a semi-Markov process, bodies from its scenes.

    The bodies keep the lengths of their segments and stay in the `ARENA`. Centres are steered
    at up to 60 cm/s, and thrusts and walls add a little; trunks turn at most at 9 rad/s (see
    `nuzzle.simulate.steering`).

    Args:
        process: durations and transitions.
        session: which of the process's occasional behaviours occur.
        n_frames: length.
        fps: frames per second.
        level: how much looks alike, and how well the annotator works.
        rng: the randomness.
    """
    dice = Dice(rng)
    sizes = (1.0 + 0.04 * dice.normal(), 0.95 + 0.04 * dice.normal())
    director = Director(process.run(dice, session), level, dice)
    knots, played = play(director, ARENA, n_frames / fps, sizes, dice)
    steered = np.asarray(knots).reshape(len(knots), 2, -1)
    points = keypoints(steered, np.arange(n_frames) / fps, sizes, ARENA)
    return Truth(points, annotate(played, n_frames, fps, level, rng))


def simulate_recording(
    name: str,
    *,
    minutes: float,
    seed: _Seed,
    fps: float = 30.0,
    difficulty: str = "normal",
    vocabulary: str = "calms21",
    session: Sequence[str] | None = None,
) -> Recording:
    """One recording of two mice with seven keypoints, in px, and its labels.

    Args:
        name: of the recording.
        minutes: its length.
        seed: same seed, same recording.
        fps: frames per second.
        difficulty: ``easy``, ``normal`` or ``hard``.
        vocabulary: ``calms21`` (attack, investigation, mount, and other; exclusive) or ``mabe``
            (the actions of CalMS21_task1 there).
        session: behaviours that occur, and for ``mabe`` also those looked for; all by default.

    Raises:
        InputError: an argument is impossible.
    """
    if vocabulary not in PROCESSES:
        raise InputError(f"The vocabulary is one of {list(PROCESSES)}; got {vocabulary!r}.")
    process = PROCESSES[vocabulary]
    shown = process.behaviours if session is None else tuple(session)
    unknown = sorted(set(shown) - {*process.behaviours, "sniff"})
    if unknown:
        raise InputError(f"{unknown} are not among the behaviours {list(process.behaviours)}.")
    lab = CALMS21_LAB._replace(fps=fps, lab_id=SIMULATED)
    return _recording(name, vocabulary, shown, shown, lab, minutes, seed, difficulty)


def _recording(
    name: str,
    vocabulary: str,
    session: Sequence[str],
    listed: Sequence[str],
    lab: Lab,
    minutes: float,
    seed: _Seed,
    difficulty: str,
) -> Recording:
    level, process = difficulty_named(difficulty), PROCESSES[vocabulary]
    n_frames = frames_of(minutes, lab.fps)
    rng = _generator(seed)
    truth = simulate_truth(process, session, n_frames=n_frames, fps=lab.fps, level=level, rng=rng)
    scale = lab.px_per_cm
    points_px = (lab.seen(truth.points_cm) * scale).astype(np.float32)
    position, confidence = track(points_px, lab.fps, level, rng)
    pair = Pair(*INDIVIDUALS[vocabulary])
    if vocabulary == "calms21":
        labels = exclusive_labels(truth.bouts, pair, process, n_frames)
    else:
        labels = listed_labels(truth.bouts, pair, listed, n_frames)
    return Recording.from_arrays(
        name,
        position,
        keypoints=lab.keypoints,
        individuals=pair,
        confidence=confidence,
        fps=lab.fps,
        px_per_cm=scale,
        lab=lab.lab_id,
        group=name.rsplit("/", 1)[-1].split("_", 1)[0],
        source=SIMULATED,
        labels=labels,
    )


def _generator(seed: _Seed) -> np.random.Generator:
    try:
        return np.random.default_rng(seed)
    except (ValueError, TypeError) as error:
        raise InputError(f"A seed is a whole number from 0; got {seed}.") from error


def frames_of(minutes: float, fps: float) -> int:
    """Number of frames.

    Raises:
        InputError: the length or the rate is not a positive number, or the length is less than a
            second or more than a day.
    """
    for what, value in (("length in minutes", minutes), ("frame rate", fps)):
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"The {what} is a positive number; got {value}.")
    if minutes * 60 < 1:
        raise InputError(f"A recording lasts at least a second; got {minutes} minutes.")
    if minutes > _LONGEST_MINUTES:
        raise InputError(
            f"A recording lasts at most a day, {_LONGEST_MINUTES} minutes; got {minutes}. "
            "Simulate several instead."
        )
    return round(minutes * 60 * fps)


def planned_frames(recordings: int, minutes: float, labs: int = 1, task: int = 1) -> int:
    """Frames of all the recordings that `simulate` writes with these arguments."""
    once = sum(frames_of(minutes, LABS[index % labs].fps) for index in range(recordings))
    return once * len(groups_of(task))


def simulate(
    directory: str | Path,
    *,
    format: str,
    recordings: int,
    minutes: float,
    seed: int,
    difficulty: str = "normal",
    labs: int = 1,
    task: int = 1,
    overwrite: bool = False,
) -> list[Path]:
    """Write simulated recordings in a genuine file layout.

    ``calms21`` gives ``calms21_task1_train.json`` and, with a quarter of the recordings and other
    animals, ``calms21_task1_test.json``; in tasks 2 and 3 every recording is there once for each
    annotator or behaviour. ``mabe`` gives the tree of ``train.csv``, of
    CalMS21_task1 and, with `labs` above 1, of labs with other keypoints, frame rates and
    behaviours. A ``README.txt`` says that all of it is simulated; so does each recording.

    Args:
        directory: folder to write to; new or empty.
        format: ``calms21`` or ``mabe``.
        recordings, minutes: how many in all, and the length of each.
        seed: same seed, same files.
        difficulty: ``easy``, ``normal`` or ``hard``.
        labs: how many labs, for ``mabe``.
        task: 1, 2 or 3, for ``calms21``.
        overwrite: whether files that exist may be replaced.

    Returns:
        The files to read: the JSON files or ``train.csv``; and the README.

    Raises:
        InputError: an argument is impossible.
        OutputError: the folder holds something already, or cannot be written.
    """
    directory = Path(directory)
    _check(format, recordings, minutes, seed, difficulty, labs, task)
    if not overwrite and directory.exists() and (directory.is_file() or any(directory.iterdir())):
        raise OutputError(f"{directory} is not empty. Choose another folder, or pass --overwrite.")
    common = (minutes, seed, difficulty)
    if format == "calms21":
        paths = _write_calms21(directory, recordings, common, task, overwrite)
    else:
        root = write_mabe(_mabe(recordings, labs, common), directory, overwrite=overwrite)
        paths = [root / "train.csv"]
    text = _readme(format, recordings, labs, common)
    return [*paths, write_text(directory / "README.txt", text, overwrite=overwrite)]


def _check(
    format: str,
    recordings: int,
    minutes: float,
    seed: int,
    difficulty: str,
    labs: int,
    task: int,
) -> None:
    """Raises InputError for arguments that cannot be; nothing was written yet."""
    difficulty_named(difficulty)
    frames_of(minutes, 30.0)
    groups_of(task)
    _generator(seed)
    if format not in FORMATS:
        raise InputError(f"The format is one of {list(FORMATS)}; got {format!r}.")
    if not 1 <= labs <= len(LABS) or (labs > 1 and format == "calms21"):
        raise InputError(f"There are 1 to {len(LABS)} labs, for mabe only; got {labs}.")
    if task != 1 and format != "calms21":
        raise InputError(f"There are tasks for calms21 only; got task {task} for {format}.")
    fewest = 2 if format == "calms21" else labs
    if recordings < fewest:
        raise InputError(
            f"At least {fewest} recordings are needed (train and test; each lab); got {recordings}."
        )


def _readme(format: str, recordings: int, labs: int, common: tuple[float, int, str]) -> str:
    minutes, seed, difficulty = common
    return (
        "Everything in this folder is simulated: no animal was recorded, no person labelled it.\n"
        f"Made by nuzzle {__version__}: {recordings} recordings of {minutes:g} minutes, layout "
        f"{format}, labs: {labs}, difficulty {difficulty}, seed {seed}.\n"
        "Figures reached on it say nothing about real recordings.\n"
    )


def _write_calms21(
    directory: Path, recordings: int, common: tuple[float, int, str], task: int, overwrite: bool
) -> list[Path]:
    test = max(1, round(_TEST_SHARE * recordings))
    paths = []
    first = 0
    codes = None if task == 3 else CALMS21_CODES
    for split, count in (("train", recordings - test), ("test", test)):
        path = directory / f"calms21_task{task}_{split}.json"
        mice = range(first, first + count)
        groups = {group: _calms21(task, group, split, mice, common) for group in groups_of(task)}
        paths.append(write_calms21_groups(groups, path, vocabulary=codes, overwrite=overwrite))
        first += count
    return paths


def _calms21(
    task: int, group: str, split: str, mice: Sequence[int], common: tuple[float, int, str]
) -> Iterator[Recording]:
    minutes, seed, difficulty = common
    vocabulary = "mabe" if task == 3 else "calms21"
    process = PROCESSES[vocabulary]
    for mouse in mice:
        session = process.session(mouse - mice[0], Dice(np.random.default_rng([seed, mouse, 1])))
        shown = process.behaviours if task == 3 else session
        name = sequence_name(task, group, split, mouse + 1)
        lab, draw = CALMS21_LAB._replace(lab_id=SIMULATED), [seed, mouse]
        one = _recording(name, vocabulary, shown, shown, lab, minutes, draw, difficulty)
        yield relabelled(one, task, group)


def _mabe(recordings: int, labs: int, common: tuple[float, int, str]) -> Iterator[Recording]:
    minutes, seed, difficulty = common
    for index in range(recordings):
        lab = LABS[index % labs]
        dice = Dice(np.random.default_rng([seed, index, 1]))
        drawn = PROCESSES["mabe"].session(index // labs, dice)
        yield _recording(
            str(100001 + index),
            "mabe",
            lab.occurring or drawn,
            lab.looked_for or drawn,
            lab,
            minutes,
            [seed, index],
            difficulty,
        )
