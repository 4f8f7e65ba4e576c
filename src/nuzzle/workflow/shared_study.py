"""A search that several processes share, and that survives each of them.

Optuna's journal file holds the trials. What it does not know is kept beside it: a lock under which
trials are given out, and a file for each running trial that its process touches again and again. A
trial whose process is gone, or whose file has gone cold where that was another machine's, was
killed; the next process does it again, from its checkpoints. It fails where it kills that one, too,
and the one after.
"""

from __future__ import annotations

import math
import os
import platform
import random
import shutil
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nuzzle.errors import OutputError, count, optional_package
from nuzzle.files import writable_folder
from nuzzle.progress import Say, log
from nuzzle.workflow.described import differences
from nuzzle.workflow.journal import MendingLock, check_journal, last_written
from nuzzle.workflow.search_space import Space, size_of, suggested, untried

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial

_JOURNAL = "journal.log"
#: A running trial gives a sign of life every `_BEAT_S`; after `_COLD_S` without one it is dead.
_BEAT_S = 5.0
_COLD_S = 60.0
#: A trial to which so many processes were lost is not given out again.
_MOST_KILLS = 3
_KILLED = "its process was killed or broke off three times, perhaps for want of memory"
#: Trials that are drawn at random after the first, before the sampler learns from them all; and
#: trials before any is pruned.
_RANDOM_TRIALS = 8
_UNPRUNED_TRIALS = 4
#: Times that the sampler may propose what was tried already, before another is drawn.
_MOST_REPEATS = 5
#: Fewer say nothing of what matters.
_TELLING_TRIALS = 10


def load_optuna() -> Any:
    """The package optuna.

    Raises:
        MissingDependencyError: it is not installed.
    """
    return optional_package("optuna", "`nuzzle tune`")


def written_by(folder: Path) -> str | None:
    """What the search in `folder` has noted of the file that it wrote last, if any.

    What is left of a damaged one is heeded, too.
    """
    noted = last_written(folder / _JOURNAL)
    return None if noted is None else str(noted)


def refuse_damaged(folder: Path) -> None:
    """Refuse a search that cannot go on.

    Raises:
        FormatError: its journal is damaged.
    """
    check_journal(folder / _JOURNAL, _lock(load_optuna(), folder))


def start_again(folder: Path) -> None:
    """Throw the search in `folder` away, but not its note of what it wrote.

    Raises:
        OutputError: another process is working on it.
    """
    if not all(_is_cold(sign) for sign in folder.glob("alive-*")):
        raise OutputError(
            f"Another process is working on the search in {folder} at this moment. Wait for it, or "
            "choose another --out. If it was killed just now, repeat the command in a minute."
        )
    written = written_by(folder)
    shutil.rmtree(folder, ignore_errors=True)
    if written is not None:
        writable_folder(folder)
        package = load_optuna()
        with _quiet(package):
            _open(package, folder).set_user_attr("written", written)


def _open(package: Any, folder: Path) -> optuna.Study:
    path, lock = folder / _JOURNAL, _lock(package, folder)
    check_journal(path, lock)
    backend = package.storages.journal.JournalFileBackend(
        str(path), lock_obj=MendingLock(lock, path)
    )
    study: optuna.Study = package.create_study(
        storage=package.storages.JournalStorage(backend),
        study_name="nuzzle",
        direction="maximize",
        load_if_exists=True,
    )
    return study


def _lock(package: Any, folder: Path) -> Any:
    # One that is a file made anew works on shared folders and on Windows, too.
    return package.storages.journal.JournalFileOpenLock(str(folder / _JOURNAL))


class SharedStudy:
    """The trials of all processes.

    Args:
        folder: of the journal, the lock, and the trials' checkpoints.
        described: what the search depends on, of `describe`; another search is refused.
        start: parameters of the first trial.
        seed: of the sampler; every process adds its number.
        warmup: steps of a trial before it may be pruned.
        space: what may be tried, each configuration once.

    Raises:
        MissingDependencyError: optuna is not installed.
        OutputError: the folder holds another search, or cannot be written to.
        FormatError: the search in it is damaged.
    """

    def __init__(
        self,
        folder: Path,
        described: str,
        start: Mapping[str, Any],
        *,
        seed: int,
        warmup: int,
        space: Space,
    ) -> None:
        self.optuna = load_optuna()
        self.folder, self.space = writable_folder(folder), space
        with self._locked(), _quiet(self.optuna):
            self.study = _open(self.optuna, folder)
            known = self.study.user_attrs.get("described")
            if known is None:
                self.study.set_user_attr("described", described)
                self.study.enqueue_trial(dict(start))
            elif known != described:
                raise OutputError(
                    f"{folder} holds a search for something else: {differences(known, described)}. "
                    "It goes on only with what it was begun with. Put that back, choose another "
                    "--out, or pass --fresh to throw it away."
                )
            process = int(self.study.user_attrs.get("processes", 0))
            self.study.set_user_attr("processes", process + 1)
        seed += 7919 * process
        self._random = random.Random(seed)
        self.study.sampler = self._sampler(seed)
        self.study.pruner = self.optuna.pruners.MedianPruner(_UNPRUNED_TRIALS, warmup)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among the processes; a lock left by a killed one is broken after half a minute."""
        lock = self.optuna.storages.journal.JournalFileOpenLock(str(self.folder / "trials"))
        lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @property
    def trials(self) -> list[FrozenTrial]:
        """All trials that were begun and not given up, in their order."""
        given_up = set(self.study.user_attrs.get("given_up", ()))
        waiting = self.optuna.trial.TrialState.WAITING
        return [
            trial
            for trial in self.study.get_trials(deepcopy=False)
            if trial.number not in given_up and trial.state != waiting
        ]

    def count(self, state: str) -> int:
        """How many trials are ``complete``, ``pruned``, ``fail`` or ``running``."""
        return sum(trial.state.name.lower() == state for trial in self.trials)

    def claim(self, total: int, say: Say = log) -> optuna.Trial | None:
        """The next trial, or None where all `total` of all processes are done or under way.

        It has values of the space that no other trial has had, however that ended: a trial would
        end so again. None, too, where there are no such values.

        Args:
            total: how many there are.
            say: is told which trial is given up for good, and that all of the space was tried.
        """
        with self._locked(), _quiet(self.optuna):
            for trial in self.trials:
                if trial.state.name != "RUNNING" or not _is_cold(self._sign(trial.number)):
                    continue
                if not self.has_ended(trial):  # its process may have ended it a moment ago
                    self._after_kill(trial, say)
            if len(self.trials) >= total:
                return None
            claimed = self._ask()
            if claimed is None:
                say(
                    f"the space holds {count(self.most(total), 'configuration')}, and each is done "
                    f"or under way: there are {count(len(self.trials), 'trial')}, not {total:,}"
                )
                return None
            self._sign(claimed.number).write_text(f"{platform.node()}\n{os.getpid()}", "utf-8")
            return claimed

    def most(self, total: int) -> int:
        """How many trials there can be: no more than `total`, and than the space has values for."""
        return int(min(total, size_of(self.space)))

    def _ask(self) -> optuna.Trial | None:
        """The trial that waits, or a new one; None where there is nothing else to try."""
        waiting = self.optuna.trial.TrialState.WAITING
        if not self.study.get_trials(deepcopy=False, states=(waiting,)):
            if (values := self._drawn()) is None:
                return None
            self.study.enqueue_trial(values)
        trial = self.study.ask()
        suggested(self.space, trial)  # for the other processes to see
        return trial

    def _drawn(self) -> dict[str, Any] | None:
        """Values that no trial has had; None where all were tried.

        They are drawn in a copy of the study, as Optuna keeps each trial that it is asked for.
        """
        space = self.space
        full = [trial for trial in self.trials if trial.params.keys() >= space.keys()]
        tried = {tuple(trial.params[key] for key in space) for trial in full}
        if len(tried) >= size_of(space):
            return None
        sampler = self._sampler(self._random.randrange(2**32))
        copy = self.optuna.create_study(direction="maximize", sampler=sampler)
        copy.add_trials(trial for trial in full if trial.state.is_finished())
        for _ in range(_MOST_REPEATS):
            trial = copy.ask()
            suggested(space, trial)
            values: dict[str, Any] = trial.params
            if tuple(values[key] for key in space) not in tried:
                return values
        return untried(space, tried, self._random) if math.isfinite(size_of(space)) else values

    def _sampler(self, seed: int) -> Any:
        return self.optuna.samplers.TPESampler(seed=seed, n_startup_trials=1 + _RANDOM_TRIALS)

    def give_up(self, trial: optuna.Trial) -> None:
        """Leave a trial that was interrupted to the next process, if it has not ended."""
        with self._locked(), _quiet(self.optuna):
            if not self.has_ended(trial):
                self._give_up(self._stored(trial), self._kills(trial))

    def _give_up(self, trial: FrozenTrial, kills: int) -> None:
        number = trial.number
        self._fail(number)
        given_up = [*self.study.user_attrs.get("given_up", ()), number]
        self.study.set_user_attr("given_up", given_up)
        known = {"resumes": self.origin(trial), "kills": kills}
        drawn = trial.system_attrs.get("fixed_params", {})  # not all may have been stored yet
        self.study.enqueue_trial({**drawn, **trial.params}, user_attrs=known)

    def _after_kill(self, trial: FrozenTrial, say: Say) -> None:
        """Have a trial done again; one that was killed too often has failed."""
        kills = self._kills(trial) + 1
        if kills < _MOST_KILLS:
            self._give_up(trial, kills)
            return
        self._fail(trial.number)
        shutil.rmtree(self.work(trial), ignore_errors=True)
        say(f"trial {trial.number}: failed: {_KILLED}")

    def _fail(self, number: int) -> None:
        self.study.tell(number, state=self.optuna.trial.TrialState.FAIL)
        self._sign(number).unlink(missing_ok=True)

    @staticmethod
    def _kills(trial: optuna.Trial | FrozenTrial) -> int:
        """How many processes were lost to it before."""
        return int(trial.user_attrs.get("kills", 0))

    def _stored(self, trial: optuna.Trial | FrozenTrial) -> FrozenTrial:
        return self.study.get_trials(deepcopy=False)[trial.number]

    def has_ended(self, trial: optuna.Trial | FrozenTrial) -> bool:
        """Whether a trial has ended, in this process or in one that took it over."""
        return self._stored(trial).state.is_finished()

    @staticmethod
    def reason(trial: FrozenTrial) -> str:
        """Why a trial has no score; empty where it has one, or has not ended."""
        killed = trial.state.name == "FAIL" and "reason" not in trial.user_attrs
        return _KILLED if killed else str(trial.user_attrs.get("reason", ""))

    def work(self, trial: optuna.Trial | FrozenTrial) -> Path:
        """Folder of a trial's checkpoints; that of the killed trial which it repeats, if any."""
        return self.folder / f"trial-{self.origin(trial)}"

    @staticmethod
    def origin(trial: optuna.Trial | FrozenTrial) -> int:
        """Number of the trial which it repeats; its own if none."""
        return int(trial.user_attrs.get("resumes", trial.number))

    @contextmanager
    def alive(self, trial: optuna.Trial) -> Iterator[None]:
        """Give signs of life of a trial while the block runs."""
        sign, stop = self._sign(trial.number), threading.Event()

        def beat() -> None:
            while not stop.wait(_BEAT_S):
                sign.touch()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
            sign.unlink(missing_ok=True)

    def _sign(self, number: int) -> Path:
        return self.folder / f"alive-{number}"

    def finish(self, trial: optuna.Trial, state: str, value: float | None = None) -> None:
        """End a trial as ``complete`` with a value, ``pruned`` or ``fail``."""
        states = self.optuna.trial.TrialState
        self.study.tell(trial, value, state=states[state.upper()])

    def importances(self) -> dict[str, float]:
        """How much of the spread of scores each parameter explains; none of too few trials.

        Hutter et al. 2014, "An efficient approach for assessing hyperparameter importance".
        """
        complete = [trial for trial in self.trials if trial.state.name == "COMPLETE"]
        if len(complete) < _TELLING_TRIALS or len({trial.value for trial in complete}) < 2:
            return {}
        with _quiet(self.optuna):
            evaluator = self.optuna.importance.FanovaImportanceEvaluator(seed=0)
            found: dict[str, float] = self.optuna.importance.get_param_importances(
                self.study, evaluator=evaluator
            )
        return found


def _is_cold(sign: Path) -> bool:
    """Whether the process of a sign of life is gone, or has given none for long."""
    clock = sign.with_name("clock")
    clock.touch()  # the clock of the folder: other machines' may differ
    try:
        age = clock.stat().st_mtime - sign.stat().st_mtime
        return age > _COLD_S or _is_gone(sign.read_text("utf-8"))
    except FileNotFoundError:
        return True


def _is_gone(signature: str) -> bool:
    """Whether the process of a sign of life is known to have ended: one of this machine."""
    machine, _, process = signature.partition("\n")
    # Elsewhere than on Unix, to ask for a process may end it.
    if os.name != "posix" or machine != platform.node() or not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False  # somebody else's
    return False


@contextmanager
def _quiet(optuna_: Any) -> Iterator[None]:
    """Leave out Optuna's own sentences; nuzzle says what a user must know."""
    level = optuna_.logging.get_verbosity()
    optuna_.logging.set_verbosity(optuna_.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="optuna")
            yield
    finally:
        optuna_.logging.set_verbosity(level)
