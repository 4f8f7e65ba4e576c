"""The unit that positions are brought to, from a config and what the recordings know."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nuzzle.config import Config
from nuzzle.errors import CompatibilityError, InputError
from nuzzle.features.frontend import Frontend
from nuzzle.features.normalise import Normaliser
from nuzzle.recording import Recording

KEYPOINTS = ["nose", "body", "tail_base"]


def recording(px_per_cm=None):
    """Two animals of 40 px, 100 px apart."""
    position = np.zeros((30, 2, 3, 2), dtype=np.float32)
    position[:, 0, :, 0], position[:, 0, :, 1] = [40, 20, 0], [140, 120, 100]
    return Recording.from_arrays(
        "test",
        position,
        keypoints=KEYPOINTS,
        individuals=["a", "b"],
        fps=10.0,
        px_per_cm=px_per_cm,
    )


@pytest.mark.parametrize(
    ("features", "scales", "asked", "unit"),
    [
        ("relational", (5.0, 5.0), "auto", "cm"),
        ("relational", (5.0, None), "auto", "bl"),
        ("windowed_symmetric", (None, None), "auto", "bl"),
        ("engineered48", (5.0, None), "auto", "px"),
        ("engineered48", (5.0, None), "bl", "bl"),
        ("relational", (5.0, 5.0), "px", "px"),
    ],
)
def test_the_unit(features, scales, asked, unit):
    config = Config.parse({"features": features, "prepare": {"unit": asked}})
    recordings = [recording(scale) for scale in scales]
    frontend = Frontend.plan(recordings, config)
    assert frontend.unit == frontend.prepare(recordings[0]).unit == unit


def test_relational_features_in_body_lengths():
    given = recording()
    frontend = Frontend.plan([given], Config.parse({"features": "relational"}))
    prepared = frontend.prepare(given)
    values = frontend(prepared, prepared.pairs[0])
    named = dict(zip((c.name for c in frontend.feature_set.columns), values.T, strict=True))
    assert named["centre_to_centre"].tolist() == pytest.approx([2.5] * 30)
    assert named["agent_nose_to_own_tail_base"].tolist() == pytest.approx([1.0] * 30)
    again = Frontend.from_dict(frontend.to_dict())
    assert again.unit == "bl" and again.pipeline == frontend.pipeline


def of_labs(*names):
    return [replace(recording(5.0), name=f"{n}", lab=lab) for n, lab in enumerate(names)]


def test_a_column_for_each_lab_comes_after_the_features():
    given = of_labs("south", "north", "south")
    frontend = Frontend.plan(given, Config.parse({"features": "relational"}))
    assert frontend.labs == ("north", "south")
    width = len(frontend.feature_set.columns)
    assert [column.name for column in frontend.columns[width:]] == ["lab_north", "lab_south"]
    poses = torch.from_numpy(frontend.prepare(given[0]).pair_position(given[0].pairs[0]))
    raw = frontend.feature_set(poses)
    assert raw.shape[1] == width, "they are not normalised: 0 and 1 as they are"
    again = Frontend.from_dict(replace(frontend, normaliser=Normaliser.fit([raw])).to_dict())
    for each, code in ((given[0], [0, 1]), (given[1], [1, 0]), (*of_labs("west"), [0, 0])):
        x = again(again.prepare(each), each.pairs[0])
        assert x.shape == (30, width + 2)
        assert (x[:, width:] == torch.tensor(code)).all()
    assert len(again.to_dict()["columns"]) == width + 2


@pytest.mark.parametrize(
    ("labs", "config"),
    [
        (("north", "north"), {}),
        (("", "north"), {}),
        (("north", "south"), {"labs": {"embedding": False}}),
    ],
)
def test_one_lab_and_no_wish_make_no_columns(labs, config):
    frontend = Frontend.plan(of_labs(*labs), Config.parse({"features": "relational", **config}))
    assert frontend.labs == ()
    assert frontend.columns == frontend.feature_set.columns


def lying(*keypoints, px_per_cm=10.0):
    """Two animals along x, nose at 80, ears at 60, tail base at 0; the second 100 px to its right.

    y points down, so right of an animal that looks along x is further down.
    """
    places = {"nose": 80, "ear_left": 60, "ear_right": 60, "tail_base": 0}
    position = np.zeros((30, 2, len(keypoints), 2), dtype=np.float32)
    position[:, 0] = np.array([places[name] for name in keypoints])[None, :, None]
    position[:, 1, :, 1] = 100
    return Recording.from_arrays(
        "+".join(keypoints),
        position,
        keypoints=keypoints,
        individuals=["a", "b"],
        fps=10.0,
        px_per_cm=px_per_cm,
    )


@pytest.mark.parametrize("lost", ["nose", "tail_base"])
def test_a_lab_without_an_end_of_the_body_still_has_a_heading(lost):
    whole = lying("nose", "ear_left", "ear_right", "tail_base")
    part = lying(*(name for name in whole.keypoints if name != lost))
    config = Config.parse({"features": "relational", "prepare": {"missing_keypoints": "allow"}})
    frontend = Frontend.plan([whole, part], config)
    assert frontend.skeleton.keypoints == whole.keypoints
    prepared = Frontend.from_dict(frontend.to_dict()).prepare(part)
    values = frontend(prepared, prepared.pairs[0])
    named = dict(zip((c.name for c in frontend.columns), values.T, strict=True))
    assert named["agent_bearing_sin"].tolist() == pytest.approx([1.0] * 30), "to its right"
    assert named["relative_heading_cos"].tolist() == pytest.approx([1.0] * 30)
    assert named["centre_to_centre"].tolist() == pytest.approx([10.0] * 30), "cm"
    assert named["agent_ear_left_to_target_ear_left"].tolist() == pytest.approx([10.0] * 30)
    assert named[f"agent_{lost}_to_target_ear_left"].isnan().all()


def test_what_shows_no_heading_is_refused():
    config = Config.parse({"features": "relational", "prepare": {"missing_keypoints": "allow"}})
    frontend = Frontend.plan([lying("nose", "ear_left", "ear_right", "tail_base")], config)
    names = {"nose": "snout", "ear_left": "lear", "ear_right": "rear"}
    alone = lying(*names).rename(names)
    assert frontend.lacking(alone) == ["ear_left", "ear_right", "tail_base"]
    with pytest.raises(
        CompatibilityError, match=r"which way.*tail_base; it has snout, lear, rear.*OLD="
    ):
        frontend.prepare(alone)


def test_a_model_in_pixels_is_not_given_centimetres():
    """As from Python: what nuzzle reads from files is in pixels."""
    pixels = replace(lying("nose", "tail_base"), px_per_cm=None)
    frontend = Frontend.plan([pixels], Config.parse({"features": "engineered48"}))
    assert frontend.prepare(pixels).unit == "px"
    with pytest.raises(CompatibilityError, match="trained in px, and this recording is in cm"):
        frontend.prepare(replace(pixels, unit="cm"))
    with pytest.raises(InputError, match=r"^lying: positions that are not in pixels cannot be"):
        Frontend.plan([pixels, replace(pixels, unit="cm", name="lying")], Config())
    lengths = replace(pixels, unit="bl")
    planned = Frontend.plan([lengths], Config())
    assert planned.prepare(lengths).unit == planned.unit == "bl"


def test_bodies_are_measured_only_where_all_have_both_ends():
    """Without any scale; with one of them known, the other one is to be mended."""
    allow = {"features": "relational", "prepare": {"missing_keypoints": "allow"}}
    whole = lying("nose", "ear_left", "tail_base", px_per_cm=None)
    part = lying("ear_left", "ear_right", "tail_base")
    with pytest.raises(InputError, match=r"nose\+ear_left\+tail_base has no scale, and ear_left"):
        Frontend.plan([whole, part], Config.parse(allow))
    scaled = lying("nose", "ear_left", "tail_base")
    assert Frontend.plan([scaled, part], Config.parse(allow)).unit == "cm"
