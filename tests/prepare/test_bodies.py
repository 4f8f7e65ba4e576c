import numpy as np
import pytest

from nuzzle.prepare.bodies import Bodies, Body, measure_body
from nuzzle.skeleton import Skeleton

SKELETON = Skeleton(("nose", "neck", "tail_base"), "nose", "tail_base", ("neck",))


def running(fps: float, speed: float, length: float, seconds: float = 70) -> np.ndarray:
    """One animal that runs to the right at `speed`, `(time, 1, keypoint, 2)`."""
    tail = speed * np.arange(round(seconds * fps)) / fps
    x = tail[:, None] + length * np.array([1.0, 0.7, 0.0])
    return np.stack([x, np.zeros_like(x)], axis=-1)[:, None].astype(np.float32)


@pytest.mark.parametrize("fps", [10, 30, 100])
def test_length_and_speed(fps):
    body = measure_body(running(fps, speed=24, length=8), SKELETON, fps)
    assert body == pytest.approx((8, 3), rel=1e-4)


def test_a_resting_animal_beside_a_running_one_changes_little():
    runs, rests = running(30, speed=24, length=8), running(30, speed=0, length=8)
    both = np.concatenate([runs, rests], axis=1)
    assert measure_body(both, SKELETON, 30) == pytest.approx((8, 3), rel=1e-4)


def test_what_is_missing_does_not_count():
    poses = running(30, speed=24, length=8)
    poses[::3, :, 1] = np.nan  # the neck: others move as fast
    poses[50:80] = np.nan
    assert measure_body(poses, SKELETON, 30) == pytest.approx((8, 3), rel=1e-4)


@pytest.mark.parametrize(
    "poses",
    [
        pytest.param(np.full((60, 2, 3, 2), np.nan, np.float32), id="nothing is there"),
        pytest.param(running(30, 24, 8)[:, :, :, :] * [[np.nan], [1], [1]], id="never a nose"),
    ],
)
def test_what_cannot_be_measured_is_unknown(poses):
    assert np.isnan(measure_body(poses, SKELETON, 30)).all()


@pytest.mark.parametrize("seconds", [0.1, 59])
def test_in_less_than_a_minute_an_animal_may_rest_throughout(seconds):
    body = measure_body(running(30, 24, 8, seconds), SKELETON, 30)
    assert body.length == pytest.approx(8)
    assert np.isnan(body.speed)


class TestUnlike:
    known = Bodies.of([Body(8, 2), Body(10, 3), Body(np.nan, np.nan)])

    @pytest.mark.parametrize("body", [(8, 2), (9, 2.5), (14, 4.4), (5.5, 1.4), (np.nan, np.nan)])
    def test_nothing_is_said_of_what_is_alike(self, body):
        assert not [*self.known.unlike(Body(*body), "cm")]

    @pytest.mark.parametrize("length", [5, 16])
    def test_length(self, length):
        (note,) = self.known.unlike(Body(length, 2.5), "cm")
        assert note == (
            f"from nose to tail base its animals measure {length} cm, and those that the model "
            "learned from 8 to 10 cm. Is the scale right (--px-per-cm, or the column px_per_cm)?"
        )

    def test_length_in_pixels_is_a_matter_of_the_camera(self):
        (note,) = self.known.unlike(Body(20, 2.5), "px")
        assert "another camera or zoom" in note
        assert "px_per_cm" in note

    @pytest.mark.parametrize("speed", [1.2, 5])
    def test_speed(self, speed):
        (note,) = self.known.unlike(Body(9, speed), "cm")
        assert note == (
            f"its animals reach {speed} body lengths per second, and those that the model learned "
            "from 2 to 3. Is the frame rate right (--fps, or the column fps)?"
        )

    def test_both(self):
        assert len([*self.known.unlike(Body(30, 30), "cm")]) == 2

    def test_nothing_known_is_unlike_nothing(self):
        assert not [*Bodies.of([Body(np.nan, np.nan)]).unlike(Body(30, 30), "cm")]

    def test_one_recording_is_one_number(self):
        (note,) = Bodies.of([Body(8, 2)]).unlike(Body(30, 2), "cm")
        assert "learned from 8 cm." in note


@pytest.mark.parametrize("bodies", [TestUnlike.known, Bodies.of([Body(8, np.nan)])])
def test_there_and_back(bodies):
    assert Bodies.from_dict(bodies.to_dict()) == bodies


def test_its_values_are_plain():
    # A NamedTuple looks like a list, and is none to what writes the index of results.
    assert type(Bodies.of([Body(8, 2)]).to_dict()["length"]) is list
