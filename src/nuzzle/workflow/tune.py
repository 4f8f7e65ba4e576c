"""Searching a configuration: many trainings, of which each learns from those before."""

from __future__ import annotations

import hashlib
import math
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import torch

from nuzzle.config import Config
from nuzzle.errors import InputError, NuzzleError, OutputError, TrainingError, count, listed
from nuzzle.files import atomic_path, write_text
from nuzzle.manifest import Manifest
from nuzzle.outputs.search import draw_search
from nuzzle.outputs.svg import duration
from nuzzle.progress import Say, log
from nuzzle.workflow.described import describe
from nuzzle.workflow.learn import check_models
from nuzzle.workflow.search_space import (
    SPACES,
    Space,
    fixed_by,
    load_space,
    starting_point,
    suggested,
)
from nuzzle.workflow.shared_study import (
    SharedStudy,
    load_optuna,
    refuse_damaged,
    start_again,
    written_by,
)
from nuzzle.workflow.trial_score import Figures, Scoring, TrialScore

if TYPE_CHECKING:
    import optuna

#: So many failures and no success: something else than the parameters is wrong.
_HOPELESS_FAILURES = 5
#: Ends one trial; the others may do better, but where nothing can be written.
_FAILURES = (NuzzleError, MemoryError, torch.OutOfMemoryError)


@dataclass(frozen=True, eq=False)
class Search:
    """What a search found.

    Attributes:
        config: the best.
        score: what it is worth.
        figures: ``f1``, ``ap`` and ``bouts`` of the best trial.
        trials: a row a trial: number, state, score, figures, parameters, seconds, reason.
        importances: parameter -> share of the spread of scores that it explains; may be empty.
    """

    config: Config
    score: float
    figures: Mapping[str, float]
    trials: pd.DataFrame
    importances: Mapping[str, float]

    @property
    def ended(self) -> int:
        """How many trials came to an end; others may be running in other processes."""
        return int((self.trials["state"] != "running").sum())

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "config": self.config.to_dict(),
            "score": self.score,
            "figures": dict(self.figures),
            "importances": dict(self.importances),
            "trials": self.trials.to_dict("records"),
        }


def tune(
    manifest: Manifest | str | Path,
    out: str | Path,
    config: Config | None = None,
    *,
    space: str | Path | None = None,
    trials: int = 30,
    scoring: Scoring | None = None,
    overwrite: bool = False,
    fresh: bool = False,
    say: Say = log,
) -> Search:
    """Search the configuration that scores best.

    The first trial is `config` itself, the next are proposed by a tree-structured Parzen estimator
    (Bergstra et al. 2011), none twice, and ended when worse than the median of the others at the
    same step (Golovin et al. 2017). The same call in a second process takes part; after a kill it
    continues. Beside `out` lie ``.trials.csv`` (a table), ``.png`` (a picture) and ``.study``.

    Args:
        manifest: recordings with labels and splits.
        out: the YAML file to write, for ``nuzzle train --config``.
        config: what a trial starts from; all defaults if None.
        space: YAML file of what may be tried; the model's own if None.
        trials: how many, over all processes and calls; at least 1, at most what `space` holds.
        scoring: how a trial is scored.
        overwrite: whether a file `out` that is not of this search may be replaced.
        fresh, say: throw away an earlier search, not continue it; is told what is going on.

    Raises:
        MissingDependencyError, ConfigError, InputError: what is wrong and how to mend it.
        OutputError, TrainingError: `out` exists, or is of another search; no trial succeeded.
    """
    check_models(config := config or Config())
    if trials < 1:
        raise InputError(f"A search has 1 trial at least; {trials} were asked for (--trials).")
    scoring, out = scoring or Scoring(), Path(out)
    manifest = manifest if isinstance(manifest, Manifest) else Manifest.load(manifest)
    values, folder = load_space(space, config), _folder(out, overwrite=overwrite)
    score = TrialScore(manifest, config, scoring, say)
    _make_way(out, folder, overwrite=overwrite, fresh=fresh)
    described, seed = _described(config, manifest, values, scoring), config.training.seed
    start = _start(values, config, say, own_space=space is None)
    warmup = config.training.epochs // 3 if scoring.on == "val" else 0
    study = SharedStudy(folder, described, start, seed=seed, warmup=warmup, space=values)
    _Run(study, score, config, trials, say)()
    return _conclude(study, config, out, say)


def _start(space: Space, config: Config, say: Say, *, own_space: bool) -> dict[str, Any]:
    """What the first trial has; what of the configuration is outside of the space is said."""
    more = "--space FILE says what may be tried; --show-space prints it"
    for key, value in fixed_by(config).items() if own_space else ():
        tried = SPACES[config.model.name][key]
        say(
            f"{key} stays {value} in all trials, as the configuration says: it is outside of what "
            f"is tried otherwise ({tried}). {more}"
        )
    start = starting_point(space, config)
    if drawn := [key for key in space if key not in start]:
        say(
            f"{listed(drawn)} of the configuration may not be tried, so the first trial draws it, "
            f"too. {more}"
        )
    return start


def _folder(out: Path, *, overwrite: bool) -> Path:
    """Where the study of `out` lies."""
    if out.suffix.lower() not in (".yaml", ".yml"):
        raise OutputError(f"{out}: the configuration is written as YAML; name it ….yaml.")
    load_optuna()
    folder = out.with_name(out.name + ".study")
    if out.exists() and not overwrite and not folder.exists():
        raise OutputError(f"{out} exists already. Choose another name, or pass --overwrite.")
    return folder


def _described(config: Config, manifest: Manifest, space: Space, scoring: Scoring) -> str:
    """What must be the same for trials to be comparable."""
    tried = {key: dimension.to_plain() for key, dimension in space.items()}
    parts = {**config.to_dict(), "search space": tried, "scoring": asdict(scoring)}
    return describe(parts, manifest)


def _make_way(out: Path, folder: Path, *, overwrite: bool, fresh: bool) -> None:
    """Throw an earlier search away where that is asked for, and nothing else stands in the way.

    Raises:
        OutputError: `out` is not what the search in `folder` wrote last, or that search is to be
            thrown away while another process works on it.
        FormatError: that search is damaged, and to be continued.
    """
    if not fresh:
        refuse_damaged(folder)
    mine = overwrite or not out.exists() or _hash(out.read_text("utf-8")) == written_by(folder)
    if not mine:
        raise OutputError(
            f"{out} was not written by the search in {folder}, as far as its notes go, or was "
            "changed since. Choose another name, or pass --overwrite."
        )
    if fresh:
        start_again(folder)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class _Run:
    """This process's share of the trials."""

    study: SharedStudy
    score: TrialScore
    config: Config
    total: int
    say: Say

    def __call__(self) -> None:
        begun = len(self.study.trials)
        if begun:
            self.say(f"continuing a search of {count(begun, 'trial')}")
        while (trial := self.study.claim(self.total, self.say)) is not None:
            with self.study.alive(trial):
                try:
                    self._one(trial)
                except (KeyboardInterrupt, SystemExit):  # Lightning turns one into the other
                    self.study.give_up(trial)
                    raise KeyboardInterrupt from None
                except OSError:  # nothing that its parameters could mend
                    with suppress(OSError):
                        self.study.give_up(trial)
                    raise
            self._check_hope()
        running = self.study.count("running")
        if running:
            self.say(
                f"still running in other processes: {count(running, 'trial')}. If they were killed "
                "just now, repeat the command in a minute"
            )

    def _one(self, trial: optuna.Trial) -> None:
        began = time.perf_counter()
        try:
            state, figures, reason = self._outcome(trial)
            seconds = time.perf_counter() - began
            value = self._end(trial, state, figures, reason, seconds)
        except Exception:
            if not self.study.has_ended(trial):
                raise
            # This process slept so long that another repeats the trial, in the same folder.
            self.say(f"trial {trial.number} was taken over by another process")
            return
        shutil.rmtree(self.study.work(trial), ignore_errors=True)
        how = {"complete": "", "pruned": "ended early: ", "fail": "failed: "}[state]
        what = f"{how}{reason}" if value is None else f"{self._metric} {value:.3f}"
        self.say(f"trial {trial.number}: {what}; {seconds:.0f} s. {self._standing()}")

    def _outcome(self, trial: optuna.Trial) -> tuple[str, Figures | None, str]:
        """How a trial ends, how good it is, and why it has no figures."""
        values = suggested(self.study.space, trial)
        tried = ", ".join(f"{key.rsplit('.', 1)[-1]} {_short(v)}" for key, v in values.items())
        self.say(f"trial {trial.number}: {tried}{self._repeated(trial)}")
        pruned = self.study.optuna.TrialPruned

        def report(value: float, step: int) -> None:
            if math.isfinite(value):
                trial.report(value, step)
                if trial.should_prune():
                    raise pruned(f"no better than the median at step {step}")

        try:
            figures = self.score(self.config.with_values(values), self.study.work(trial), report)
        except pruned as why:
            return "pruned", None, str(why)
        except OutputError:
            raise
        except _FAILURES as error:
            return "fail", None, str(error) or type(error).__name__
        return "complete", figures, ""

    def _repeated(self, trial: optuna.Trial) -> str:
        """What a trial repeats, and from where; empty for a new one."""
        if (origin := self.study.origin(trial)) == trial.number:
            return ""
        left = {path.suffix for path in self.study.work(trial).rglob("*")}
        where = "from its checkpoint" if left & {".ckpt", ".nuzzle"} else "from the start"
        return f"; trial {origin} was killed or interrupted and is done again, {where}"

    def _end(
        self,
        trial: optuna.Trial,
        state: str,
        figures: Figures | None,
        reason: str,
        seconds: float,
    ) -> float | None:
        """Note how a trial ended; return its score."""
        trial.set_user_attr("seconds", round(seconds, 1))
        if reason:
            trial.set_user_attr("reason", reason)
        if figures is not None:
            trial.set_user_attr("figures", figures._asdict())
        value = None if figures is None else figures.value(self.score.scoring.metric)
        self.study.finish(trial, state, value)
        return value

    @property
    def _metric(self) -> str:
        names = {"f1": "macro F1", "ap": "mean AP", "bouts": "bout F1", "mean": "mean score"}
        return names[self.score.scoring.metric]

    def _standing(self) -> str:
        """How far the search is, the best so far, and how long it takes."""
        trials = self.study.trials
        ended = [each for each in trials if each.state.is_finished()]
        scores = [each.value for each in ended if each.state.name == "COMPLETE"]
        best = max((value for value in scores if value is not None), default=None)
        total = max(len(ended), self.study.most(self.total))
        parts = [f"{len(ended)} of {total} done"]
        if best is not None:
            parts.append(f"best {best:.3f}")
        if len(ended) < total:
            took = [float(each.user_attrs.get("seconds", 0.0)) for each in ended]
            # This process is about to take the next; the others are at theirs.
            workers = 1 + self.study.count("running")
            left = (total - len(ended)) * sum(took) / len(took) / workers
            parts.append(f"about {duration(left)} left")
        return ", ".join(parts)

    def _check_hope(self) -> None:
        failed = self.study.count("fail")
        if failed >= _HOPELESS_FAILURES and failed == len(self.study.trials):
            raise TrainingError(
                f"The first {failed} trials all failed, the last with: {_last_reason(self.study)}"
            )


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _last_reason(study: SharedStudy) -> str:
    reasons = [reason for each in study.trials if (reason := study.reason(each))]
    return reasons[-1] if reasons else "none was begun"


def _conclude(study: SharedStudy, config: Config, out: Path, say: Say) -> Search:
    """Write the best configuration, the table and the picture."""
    complete = [each for each in study.trials if each.state.name == "COMPLETE"]
    table = trial_table(study)
    with atomic_path(out.with_suffix(".trials.csv")) as temporary:
        table.to_csv(temporary, index=False)
    if not complete:
        raise TrainingError(
            f"No trial succeeded; {out.with_suffix('.trials.csv')} holds the reasons, the last: "
            f"{_last_reason(study)}"
        )
    # Where none finds anything, F1 is 0 everywhere, and how frames are ranked still differs.
    best = max(complete, key=lambda each: (each.value or 0.0, each.user_attrs["figures"]["ap"]))
    stored = load_optuna().trial.FixedTrial(best.params)
    found = config.with_values(suggested(study.space, stored))
    importances = study.importances()
    text = found.to_yaml()
    write_text(out, text)
    study.study.set_user_attr("written", _hash(text))
    draw_search(table, importances, out.with_suffix(".png"))
    search = Search(
        config=found,
        score=float(best.value or 0.0),
        figures=best.user_attrs["figures"],
        trials=table,
        importances=importances,
    )
    say(f"the best of {count(search.ended, 'trial')} is trial {best.number}")
    if not best.value:
        say(
            "warning: no trial finds any behaviour; the best is only the one that ranks frames "
            "best. Train longer (training.epochs), or search for it (--metric ap)"
        )
    return search


def trial_table(study: SharedStudy) -> pd.DataFrame:
    """A row a trial, in their order; what a trial does not have is missing."""
    rows = []
    for trial in study.trials:
        figures = trial.user_attrs.get("figures", {})
        rows.append(
            {
                "trial": trial.number,
                "state": {"fail": "failed"}.get(name := trial.state.name.lower(), name),
                "score": trial.value if figures else None,
                **{name: figures.get(name) for name in ("f1", "ap", "bouts")},
                **{key: trial.params.get(key) for key in study.space},
                "seconds": trial.user_attrs.get("seconds"),
                "reason": study.reason(trial),
            }
        )
    return pd.DataFrame(rows)
