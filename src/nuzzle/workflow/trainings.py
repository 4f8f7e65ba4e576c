"""Trainings that a run keeps, so that none is done twice; several at a time if that is wanted."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import joblib

from nuzzle.config import Config
from nuzzle.errors import DivergedError, InputError, TrainingError, count
from nuzzle.inference.bundle import Bundle
from nuzzle.progress import Progress, Say
from nuzzle.recording import Recording
from nuzzle.training.targets import LabelSpace
from nuzzle.workflow.learn import learn

#: How often a process looks whether the one that it works for is still there, in seconds.
_LOOK_S = 1.0


@dataclass(frozen=True, eq=False)
class Training:
    """A model that is to be trained, if it is not there yet.

    Attributes:
        what: in words.
        recordings: `train`, and `val` to score each epoch on, which may be empty.
        space: the behaviours.
        config: of the training.
        path: of its bundle; its checkpoints lie in the folder of that name without the ending.
        member: of which ensemble's member it is a model; empty for a model by itself.
    """

    what: str
    recordings: dict[str, list[Recording]]
    space: LabelSpace
    config: Config
    path: Path
    member: str = ""

    def bundle(self, say: Say, progress: Progress | None = None) -> Bundle:
        """The model.

        Raises:
            DivergedError: its loss is not a number; it says of which training.
        """
        if self.path.exists():
            return Bundle.load(self.path)

        def tell(sentence: str) -> None:
            say(f"{self.member}: {sentence}" if self.member else sentence)

        tell(self.what)
        work = self.path.with_suffix("")
        try:
            bundle = learn(self.recordings, self.space, self.config, work, tell, progress)
        except DivergedError as error:
            which = f"member {self.member}: {self.what}" if self.member else self.what
            raise DivergedError(f"{which}: {error}", error.best) from None
        bundle.save(self.path)
        shutil.rmtree(work, ignore_errors=True)  # trees leave none
        return bundle


def train_ahead(trainings: Iterable[Training], jobs: int, say: Say) -> None:
    """Train what is not there yet, several models at a time, each in a process of its own.

    They share the cores, and the recordings in memory; each has features of its own. With one job
    nothing is done: each model is then trained when it is asked for.

    Args:
        trainings: models that do not depend on each other.
        jobs: how many at a time.
        say: is told, when a training is over, what was said of it.

    Raises:
        InputError: there are fewer jobs than one.
        NuzzleError: of a training; the others are ended, and go on where the run is begun again.
        TrainingError: something else has ended one of the processes.
    """
    if jobs < 1:
        raise InputError(f"1 or more trainings at a time were expected, not {jobs}: --jobs.")
    missing = [each for each in trainings if not each.path.exists()]
    at_a_time = min(jobs, len(missing))
    if at_a_time < 2:
        return
    every = count(len(missing), "training")
    say(f"{every}, {at_a_time} at a time; what is to be said of each is said when it is done")
    # Copy on write, as the preparation of poses may write into them.
    pool = joblib.Parallel(at_a_time, return_as="generator_unordered", mmap_mode="c")
    done = pool(joblib.delayed(_train)(each, os.getpid()) for each in missing)
    try:
        for number, said in enumerate(done, 1):
            for sentence in said:
                say(sentence)
            say(f"{number:,} of {every} done")
    except BrokenExecutor as error:
        raise TrainingError(
            f"One of {at_a_time} trainings at a time was ended from outside, as a system does that "
            "has no memory left. Begin again with fewer --jobs: what was finished is kept."
        ) from error


def _train(training: Training, parent: int) -> list[str]:
    """Leaves a model where it belongs; what was said of it."""
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    said: list[str] = []
    training.bundle(said.append)
    return said


def _end_with(parent: int) -> None:
    """End this process when the other is gone, so that whoever goes on is alone in the folder."""
    while os.getppid() == parent:
        time.sleep(_LOOK_S)
    os._exit(1)
