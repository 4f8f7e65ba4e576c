"""The bodies before any tracker: limits, and what each behaviour looks like."""

import numpy as np
import pytest

from nuzzle.simulate.difficulty import DIFFICULTIES
from nuzzle.simulate.durations import MABE
from nuzzle.simulate.recordings import ARENA, simulate_truth

FPS = 30.0
NOSE, EAR_L, EAR_R, NECK, HIP_L, HIP_R, TAIL = range(7)


class Scenes:
    """Quantities of one long recording in which everything occurs, `(time,)`, cm and s."""

    def __init__(self):
        truth = simulate_truth(
            MABE,
            MABE.behaviours,
            n_frames=60_000,
            fps=FPS,
            level=DIFFICULTIES["easy"],
            rng=np.random.default_rng(11),
        )
        self.points = points = truth.points_cm
        self.bouts = truth.bouts
        hips = (points[:, :, HIP_L] + points[:, :, HIP_R]) / 2
        self.trunk = (points[:, :, NECK] + hips) / 2
        axis = points[:, :, NECK] - hips
        self.heading = np.unwrap(np.arctan2(axis[..., 1], axis[..., 0]), axis=0)
        self.velocity = np.gradient(self.trunk, axis=0) * FPS
        self.agent_nose = points[:, 0, NOSE]

    def of(self, values, behaviour, settled=0):
        """`values` in all bouts of a behaviour, `settled` frames after their start."""
        parts = [values[start + settled : stop] for name, start, stop in self.bouts
                 if name == behaviour]  # fmt: skip
        return np.concatenate(parts)

    def nose_to(self, part):
        return distance(self.agent_nose, self.points[:, 1, part])


def distance(first, second):
    return np.hypot(*np.moveaxis(first - second, -1, 0))


@pytest.fixture(scope="module")
def scenes():
    return Scenes()


def test_animals_stay_in_the_arena(scenes):
    assert scenes.points.min() >= -1e-9
    assert (scenes.points.max(axis=(0, 1, 2)) <= np.asarray(ARENA) + 1e-9).all()


def test_segments_keep_their_length(scenes):
    for first, second in (
        (NOSE, NECK),
        (EAR_L, EAR_R),
        (EAR_L, NECK),
        (HIP_L, HIP_R),
        (HIP_L, NECK),
    ):
        length = distance(scenes.points[:, :, first], scenes.points[:, :, second])
        np.testing.assert_allclose(length, length[:1].repeat(len(length), axis=0), rtol=1e-9)
    length = distance(scenes.points[:, :, NOSE], scenes.points[:, :, TAIL])
    assert 7.0 < length.max() < 10.5


def test_speed_acceleration_and_turning_have_limits(scenes):
    step = np.diff(scenes.trunk, axis=0) * FPS
    assert np.hypot(*np.moveaxis(step, -1, 0)).max() < 80.0
    change = np.hypot(*np.moveaxis(np.diff(step, axis=0), -1, 0)) * FPS
    assert np.quantile(change, 0.999) < 450.0
    assert abs(np.diff(scenes.heading, axis=0)).max() * FPS < 9.0 + 1e-6


def test_an_approach_brings_them_together(scenes):
    apart = distance(scenes.trunk[:, 0], scenes.trunk[:, 1])
    changes = [apart[stop - 1] - apart[start] for name, start, stop in scenes.bouts
               if name == "approach" and stop - start > 5]  # fmt: skip
    assert np.mean(np.array(changes) < 0) > 0.85
    assert np.median(changes) < -2.0


@pytest.mark.parametrize(
    ("behaviour", "part", "others"),
    [("sniffface", NOSE, (HIP_L, TAIL)), ("sniffgenital", TAIL, (NECK, NOSE))],
)
def test_a_sniffing_nose_is_at_what_it_sniffs(scenes, behaviour, part, others):
    here = np.median(scenes.of(scenes.nose_to(part), behaviour, settled=5))
    assert here < 1.5
    assert all(np.median(scenes.of(scenes.nose_to(each), behaviour)) > here + 1 for each in others)


def test_a_nose_at_the_body_is_nearer_to_the_trunk_than_to_its_ends(scenes):
    to_trunk = np.median(scenes.of(distance(scenes.agent_nose, scenes.trunk[:, 1]), "sniffbody"))
    assert to_trunk < 2.5
    assert to_trunk < np.median(scenes.of(scenes.nose_to(NOSE), "sniffbody"))
    assert to_trunk < np.median(scenes.of(scenes.nose_to(TAIL), "sniffbody"))


@pytest.mark.parametrize("behaviour", ["mount", "intromit"])
def test_mounting_animals_are_aligned_and_on_each_other(scenes, behaviour):
    aligned = np.cos(scenes.heading[:, 0] - scenes.heading[:, 1])
    assert np.median(scenes.of(aligned, behaviour)) > 0.95
    apart = distance(scenes.trunk[:, 0], scenes.trunk[:, 1])
    assert np.median(scenes.of(apart, behaviour, settled=5)) < 4.0


def test_intromission_thrusts_deeper_than_mounting(scenes):
    along = np.stack([np.cos(scenes.heading), np.sin(scenes.heading)], axis=-1)
    speed = abs(((scenes.velocity[:, 0] - scenes.velocity[:, 1]) * along[:, 0]).sum(axis=-1))
    assert np.median(scenes.of(speed, "intromit")) > 1.3 * np.median(scenes.of(speed, "mount"))


def test_an_attack_is_the_fastest_contact(scenes):
    relative = distance(scenes.velocity[:, 0], scenes.velocity[:, 1])
    attack = np.median(scenes.of(relative, "attack"))
    assert attack > 15.0
    for behaviour in ("sniffface", "sniffbody", "sniffgenital", "mount", "intromit"):
        assert attack > 3 * np.median(scenes.of(relative, behaviour))


def test_grooming_brings_the_nose_to_the_own_rear_and_sits_still(scenes):
    reach = distance(scenes.agent_nose, scenes.points[:, 0, TAIL])
    assert np.median(scenes.of(reach, "genitalgroom", settled=10)) < 4.0
    speed = np.hypot(*scenes.velocity[:, 0].T)
    assert np.median(scenes.of(speed, "genitalgroom")) < 1.0


def test_bouts_do_not_overlap_and_last_as_in_the_table(scenes):
    stops = [stop for _, _, stop in scenes.bouts]
    starts = [start for _, start, _ in scenes.bouts]
    assert all(stop <= start for stop, start in zip(stops[:-1], starts[1:], strict=True))
    for behaviour in ("sniffbody", "sniffgenital", "sniffface", "mount", "approach"):
        lengths = [(stop - start) / FPS for name, start, stop in scenes.bouts if name == behaviour]
        ratio = np.median(lengths) / MABE.durations[behaviour].median_s
        assert 0.6 < ratio < 1.6, (behaviour, ratio)
