import importlib.util
from pathlib import Path

import numpy as np
import pytest

from nuzzle.simulate.durations import BACKGROUND, MABE, PROCESSES, Dice, Duration

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "fit_simulator.py"


@pytest.fixture(params=sorted(PROCESSES))
def process(request):
    return PROCESSES[request.param]


def test_every_state_leads_somewhere_in_every_session(process):
    states = {*process.behaviours, BACKGROUND}
    assert set(process.durations) == set(process.transitions) == states
    for session in process.sessions:
        possible = states - (process.occasional - set(session))
        for state in possible:
            assert possible & set(process.transitions[state]) - {state}


def test_the_first_sessions_hold_every_behaviour(process):
    dice = Dice(np.random.default_rng(0))
    first = {name for index in range(3) for name in process.session(index, dice)}
    assert first >= set(process.behaviours)


def test_durations_have_the_medians_of_the_table(process):
    dice = Dice(np.random.default_rng(1))
    drawn = {name: [] for name in process.durations}
    bouts = process.run(dice, process.behaviours)
    for _ in range(20_000):
        name, seconds = next(bouts)
        drawn[name].append(seconds)
    for name, seconds in drawn.items():
        duration = process.durations[name]
        assert min(seconds) >= duration.shortest_s
        assert max(seconds) <= duration.longest_s
        # The standard error of a log-normal's median is 1.25 sigma / sqrt(n).
        error = 4 * 1.25 * duration.sigma / np.sqrt(len(seconds)) + 0.03
        assert abs(np.log(np.median(seconds) / duration.median_s)) < error, name


def test_what_a_session_does_not_name_does_not_occur():
    bouts = MABE.run(Dice(np.random.default_rng(2)), ("attack",))
    seen = {next(bouts)[0] for _ in range(5000)}
    assert "attack" in seen
    assert not seen & {"mount", "intromit", "genitalgroom"}


def test_dice_pick_by_weight():
    dice = Dice(np.random.default_rng(3))
    picks = [dice.pick({"a": 3.0, "b": 1.0}) for _ in range(8000)]
    assert picks.count("a") / 8000 == pytest.approx(0.75, abs=0.02)


def test_a_draw_stays_within_its_cuts():
    dice = Dice(np.random.default_rng(4))
    draws = [Duration(1.0, 2.0, 0.5, 2.0).draw(dice.normal) for _ in range(500)]
    assert 0.5 <= min(draws) < max(draws) <= 2.0


def test_the_tables_are_what_the_script_fits(shared_data, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)  # as Python does for a script
    spec = importlib.util.spec_from_file_location("fit_simulator", SCRIPT)
    fit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fit)
    calms21 = fit.read_calms21(shared_data)
    assert sum(frames for each in calms21 for _, frames in each.states) == 507_738 + 262_107
    assert fit.transitions(calms21) == PROCESSES["calms21"].transitions
    for name, frames in fit.inner_durations(calms21).items():
        logs = np.log(np.asarray(frames) / 30)
        duration = PROCESSES["calms21"].durations[name]
        assert np.exp(logs.mean()) == pytest.approx(duration.median_s, abs=5e-4)
        assert logs.std() == pytest.approx(duration.sigma, abs=5e-4)
    mabe, _, lists = fit.read_mabe(shared_data)
    assert fit.transitions(mabe) == PROCESSES["mabe"].transitions
    assert dict(lists) == dict(PROCESSES["mabe"].sessions)
