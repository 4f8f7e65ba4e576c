"""MABe 2025 on the competition's tree: out-of-fold predictions, its score, its submission.

"MABe Challenge - Social Action Recognition in Mice" (Kaggle, 2025). Its test is hidden, so the
labelled recordings are scored by grouped cross-validation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nuzzle.config import Config
from nuzzle.errors import InputError, NuzzleError, count
from nuzzle.evaluation.mabe_score import MabeScore, mabe_score
from nuzzle.evaluation.own import one_at_a_time
from nuzzle.evaluation.scored import ScoredPair
from nuzzle.inference.bundle import Bundle
from nuzzle.inference.predict import probable
from nuzzle.io.load import load_entry
from nuzzle.io.mabe import manifest_from_mabe, missing_files
from nuzzle.io.mabe_table import Action, Video, videos
from nuzzle.io.submission import read_solution, submitted, write_submission
from nuzzle.labels import Pair, mask_to_intervals
from nuzzle.manifest import Entry
from nuzzle.outputs.frames import PairFrames
from nuzzle.outputs.index import write_json
from nuzzle.prepare.skeleton import SAY_NAMES
from nuzzle.progress import Say, log
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.benchmark import claimed
from nuzzle.workflow.checks import read_labelled
from nuzzle.workflow.described import describe
from nuzzle.workflow.ensemble import folds_of
from nuzzle.workflow.folds import By, Folds, partition
from nuzzle.workflow.frames import as_frames, separate_own
from nuzzle.workflow.learn import check_models

_SUBMISSION = "submission.csv"
_MADE = ("folds", "model.nuzzle", "out_of_fold.csv", _SUBMISSION, "score.json")


@dataclass(frozen=True, eq=False)
class MabeBenchmark:
    """What the benchmark says.

    Attributes:
        score: the competition's score of the out-of-fold predictions.
        folds: recordings of each fold.
        submission: of ``test.csv``'s recordings; None without that file, or their poses, or where
            none of them can be labelled.
        simulated: whether the recordings are; their score says nothing about real mice.
        notes: what the reader of the score must know, one sentence each.
    """

    score: MabeScore
    folds: tuple[tuple[str, ...], ...]
    submission: Path | None
    simulated: bool
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        folds = [list(fold) for fold in self.folds]
        told = {"folds": folds, "simulated": self.simulated, "notes": list(self.notes)}
        return {**self.score.to_dict(), **told}


def benchmark_mabe(
    data: str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    labs: Sequence[str] = (),
    by: By = "group",
    folds: int = 5,
    jobs: int = 1,
    fresh: bool = False,
    say: Say = log,
) -> MabeBenchmark:
    """Cross-validate on the labelled recordings of some labs, and label the test.

    A behaviour that the model of a fold had no example of is not predicted, and scored as missed.
    The bouts are those of the configured decoding. Each fold's model is kept in `out`: a run that
    was killed continues with the first one missing.

    Args:
        data: folder with ``train.csv``.
        out: folder for models, bouts in the submission's layout, and the score.
        config: of the trainings; all defaults if None.
        labs: which; all by default.
        by, folds: what stays together in a fold; how many; at least 2, or 3 with early stopping.
        jobs: how many trainings at a time, each on its share of the cores.
        fresh, say: throw away an earlier run in `out`; is told what is going on.

    Raises:
        InputError, OutputError: the tree is incomplete; `out` holds something else.
    """
    check_models(config := config or Config())
    out, data = Path(out), Path(data)
    manifest = manifest_from_mabe(data, labs=labs)
    described = describe({**config.to_dict(), "folds": f"{folds} by {by}"}, manifest)
    with claimed(out, described, fresh=fresh, made=_MADE):
        (out / _SUBMISSION).unlink(missing_ok=True)  # that of an earlier run would seem to be new
        tests, lacking = _tests(data, labs)
        notes = (*missing_files(data, labs), *lacking)
        for note in notes:  # before the trainings, which take hours
            say(f"warning: {note}")
        recordings = read_labelled("train", manifest, {}, say)
        parts = partition(recordings, by, folds, config)
        space = LabelSpace.fit(recordings, config.labels)
        run = folds_of(parts, space, config, out / "folds", say, None, by, jobs)
        run.check()
        result = _score(data, out, run, notes)
        submission, unlabelled = _submit(data, out, run, tests, say)
        result = replace(result, submission=submission, notes=(*notes, *unlabelled))
        write_json(out / "score.json", result.to_dict())
        return result


def _tests(data: Path, labs: Sequence[str]) -> tuple[list[Video], tuple[str, ...]]:
    """The recordings of ``test.csv`` that are to be labelled, and notes on those that are not.

    There are none without such a file, or where a pose file is missing.
    """
    every = [*videos((data, "test")).values()]
    chosen = [each for each in every if not labs or each.lab_id in labs]
    lacking = [path for each in chosen if not (path := _pose_file(data, each)).is_file()]
    if lacking:
        return [], (
            f"There will be no submission: {len(lacking)} of the "
            f"{count(len(chosen), 'recording')} of test.csv have no pose file, the first would be "
            f"{lacking[0]}. Unpack test_tracking for it, or do without.",
        )
    if not chosen or len(chosen) == len(every):
        return chosen, ()
    left = len(every) - len(chosen)
    are = "is" if left == 1 else "are"
    return chosen, (
        f"{left:,} of {count(len(every), 'recording')} of test.csv {are} of labs that were not "
        f"chosen and {are} not in the submission.",
    )


def _score(data: Path, out: Path, run: Folds, notes: tuple[str, ...]) -> MabeBenchmark:
    """What comes of all folds' models; the test is not labelled yet."""
    bouts = _out_of_fold(run)
    write_submission(bouts, out / "out_of_fold.csv", overwrite=True)
    simulated = any(each.simulated for each in run.recordings)
    result = MabeBenchmark(score_bouts(data, bouts), run.names, None, simulated, notes)
    write_json(out / "score.json", result.to_dict())
    return result


def _out_of_fold(run: Folds) -> dict[str, pd.DataFrame]:
    """Recording -> bouts; none, where a fold's model knows nothing of what was looked for."""
    bouts = {each.name: _bouts(run.space, []) for each in run.recordings}
    for pairs in run.predictions():  # those of all labs at once would fill the memory
        bouts |= bouts_of_scored(run.space, pairs)
    return bouts


def score_bouts(data: Path, bouts: dict[str, pd.DataFrame]) -> MabeScore:
    """The competition's score of these recordings, those without a bout among them."""
    truth = read_solution(data)
    mine = truth.bouts[truth.bouts["video_id"].isin(bouts)]
    if mine.empty:
        raise InputError(f"None of the chosen recordings of {data} has a bout to be found.")
    predicted = pd.concat([submitted(name, table) for name, table in bouts.items()])
    return mabe_score(mine, predicted, truth.looked_for, truth.lab)


def bouts_of_scored(space: LabelSpace, pairs: Iterable[ScoredPair]) -> dict[str, pd.DataFrame]:
    """Recording -> bouts, where somebody looked for them."""
    frames: dict[str, list[PairFrames]] = {}
    for one in pairs:
        frames.setdefault(one.recording, []).append(as_frames(one))
    return {name: _bouts(space, each) for name, each in frames.items()}


def _bouts(space: LabelSpace, pairs: Sequence[PairFrames]) -> pd.DataFrame:
    rows = []
    for one in separate_own(space, pairs):
        said = one_at_a_time(one.predicted, one.probability)  # a submission may not hold two
        for column, behaviour in enumerate(space.names):
            if behaviour != space.background:
                rows += [
                    (one.pair.agent, one.pair.target, behaviour, int(start), int(stop))
                    for start, stop in mask_to_intervals(said[:, column])
                ]
    return pd.DataFrame(rows, columns=["agent", "target", "behaviour", "start_frame", "stop_frame"])


def _submit(
    data: Path, out: Path, run: Folds, tests: Sequence[Video], say: Say
) -> tuple[Path | None, tuple[str, ...]]:
    """Label the recordings of the test, where there are any, by a model of all recordings.

    Returns:
        The submission, and a note on each recording that could not be labelled.
    """
    if not tests:
        return None, ()
    path = out / "model.nuzzle"
    if not path.exists():
        run.refit().save(path)
    bundle = Bundle.load(path)
    tables, notes = {}, list[str]()
    for video in tests:
        try:
            tables[video.video_id] = _label(bundle, _poses(data, video), video)
        except NuzzleError as error:
            # A tree has no place to say what its keypoints are called elsewhere.
            reason = str(error).removesuffix(SAY_NAMES).rstrip()
            notes.append(f"{video.video_id} of test.csv has no rows: {reason}")
            say(f"warning: {notes[-1]}")
            continue
        say(f"{video.video_id}: {count(len(tables[video.video_id]), 'bout')}")
    if not tables:
        return None, tuple(notes)
    return write_submission(tables, out / _SUBMISSION, overwrite=True), tuple(notes)


def _pose_file(data: Path, video: Video) -> Path:
    return data / "test_tracking" / video.lab_id / f"{video.video_id}.parquet"


def _poses(data: Path, video: Video) -> Recording:
    return load_entry(
        Entry(
            recording=video.video_id,
            poses=_pose_file(data, video),
            fps=video.fps,
            px_per_cm=video.px_per_cm,
            lab=video.lab,
            pose_format="mabe",
        )
    )


def _label(bundle: Bundle, recording: Recording, video: Video) -> pd.DataFrame:
    """Bouts of what the competition looks for in a recording."""
    wanted = _wanted(bundle.space, recording, video)
    if not wanted:
        return _bouts(bundle.space, [])
    decoder, fps = bundle.decoder_of(recording.lab), recording.require_fps()
    frames, prepared = [], bundle.prepare(recording)
    for pair, _, p, _ in probable(bundle, recording, prepared, list(wanted), wanted):
        frames.append(PairFrames(pair, p, decoder(np.where(wanted[pair], p, np.nan), fps)))
    return _bouts(bundle.space, frames)


def _wanted(space: LabelSpace, recording: Recording, video: Video) -> dict[Pair, NDArray[np.bool_]]:
    """Pair -> which behaviours are looked for, the background with them; `(behaviour,)`."""
    background = np.array([name == space.background for name in space.names])
    own, there, found = np.isin(space.names, space.own), recording.in_sight, {}
    for pair in recording.pairs:
        listed = np.array(
            [
                Action(pair.agent, pair.agent if name in space.own else pair.target, name)
                in video.looked_for
                for name in space.names
            ]
        )
        # What an animal does to itself is looked for beside those that are there.
        if listed[~own].any() or (listed.any() and pair.target in there):
            found[pair] = listed | background
    return found
