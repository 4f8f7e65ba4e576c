from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nuzzle.errors import FormatError, InputError, OutputError, StreamError
from nuzzle.io import calms21
from nuzzle.io.calms21_write import write_calms21
from nuzzle.io.registry import LabelOptions, PoseOptions
from nuzzle.labels import Labels, Pair
from nuzzle.recording import Recording
from nuzzle.skeleton import MOUSE7_KEYPOINTS

PAIR = Pair("resident", "intruder")
VOCABULARY = {"attack": 0, "investigation": 1, "mount": 2, "other": 3}
ITEM = "annotator-id_0/task1/train/mouse001_task1_annotator1"


def value(frame: int, mouse: int, axis: int, keypoint: int) -> float:
    """A number that tells where it belongs, exact in float32."""
    return frame * 1000 + mouse * 100 + axis * 10 + keypoint + 0.25


def sequence(codes: list[int] | None, n_frames: int, vocabulary: Any = None) -> dict[str, Any]:
    """A sequence as CalMS21 stores it, written out from the layout's description."""
    content: dict[str, Any] = {
        "keypoints": [
            [[[value(t, m, a, k) for k in range(7)] for a in range(2)] for m in range(2)]
            for t in range(n_frames)
        ],
        "scores": [[[(k + m) / 8 for k in range(7)] for m in range(2)] for _ in range(n_frames)],
    }
    if codes is not None:
        content["annotations"] = codes
        content["metadata"] = {"vocab": vocabulary or VOCABULARY}
    return content


def save(path: Path, content: Any, **layout: Any) -> Path:
    path.write_text(json.dumps(content, **layout), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return save(
        tmp_path / "calms21.json",
        {
            "annotator-id_0": {
                "task1/train/mouse001_task1_annotator1": sequence([3, 0, 0, 2, 3], 5),
                "task1/test/mouse071_task1_annotator1": sequence([1, 1, 3], 3),
            },
            "approach": {
                "task3/approach/train/mouse001_task3_approach": sequence(
                    [0, 1, 0], 3, {"other": 0, "approach": 1}
                )
            },
            "unlabeled_videos": {"mouse009_unlabeled": sequence(None, 2)},
        },
    )


def test_every_number_is_where_the_layout_says(file: Path) -> None:
    recording = calms21.read_sequence(file, ITEM)
    assert recording.keypoints == MOUSE7_KEYPOINTS
    assert recording.individuals == PAIR
    assert recording.position.shape == (5, 2, 7, 2)
    for frame, axis, keypoint, mouse in np.ndindex(5, 2, 7, 2):
        expected = value(frame, mouse, axis, keypoint)
        assert recording.position[frame, axis, keypoint, mouse] == expected
    assert recording.confidence[4, 3, 1] == (3 + 1) / 8
    assert (recording.fps, recording.px_per_cm, recording.unit) == (30, 18.3, "px")
    assert (recording.lab, recording.group) == ("CalMS21", "mouse001")
    assert recording.name == "mouse001_task1_annotator1"


def test_labels_are_the_residents_and_exclusive(
    file: Path, classes_of: Callable[..., list[int]]
) -> None:
    labels = calms21.read_sequence(file, ITEM).labels
    assert labels is not None
    assert labels.exclusive and labels.background == "other"
    assert labels.behaviours == ("attack", "investigation", "mount")
    bouts = labels.bouts[["agent", "target", "behaviour", "start_frame", "stop_frame"]]
    assert bouts.to_numpy().tolist() == [[*PAIR, "attack", 1, 3], [*PAIR, "mount", 3, 4]]
    assert set(labels.bouts["annotator"]) == {"annotator-id_0"}
    classes = classes_of(labels, PAIR, list(VOCABULARY))
    assert classes == [3, 0, 0, 2, 3]


def test_poses_are_read_without_labels_unless_these_are_wanted(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = calms21.FORMAT.read(file, PoseOptions(item=ITEM, labels=True))
    assert wanted.labels is not None and len(wanted.labels.bouts) == 2
    monkeypatch.setattr(calms21, "assemble", None)
    plain = calms21.FORMAT.read(file, PoseOptions(item=ITEM))
    assert plain.labels is None and plain.group == "mouse001"
    np.testing.assert_array_equal(plain.position, wanted.position)
    np.testing.assert_array_equal(plain.confidence, wanted.confidence)


def test_labels_of_another_length_are_refused_with_the_poses(tmp_path: Path) -> None:
    path = save(tmp_path / "a.json", {"g": {"s": sequence([3, 0, 3], 2)}})
    with pytest.raises(FormatError, match="'annotations' has 3 frames, 'keypoints' 2"):
        calms21.FORMAT.read(path, PoseOptions())


def test_vocabulary_is_read_from_each_sequence(
    file: Path, classes_of: Callable[..., list[int]]
) -> None:
    labels = calms21.read_labels(
        file, LabelOptions(item="approach/task3/approach/train/mouse001_task3_approach")
    )
    assert labels.behaviours == ("approach",)
    assert classes_of(labels, PAIR, ["other", "approach"]) == [0, 1, 0]


def test_unlabelled_sequence_has_no_labels(file: Path) -> None:
    assert calms21.read_sequence(file, "unlabeled_videos/mouse009_unlabeled").labels is None
    with pytest.raises(FormatError, match="mouse009_unlabeled' has no annotations"):
        calms21.read_labels(file, LabelOptions(item="unlabeled_videos/mouse009_unlabeled"))


def test_one_pass_gives_what_single_reads_give(file: Path) -> None:
    items = list(calms21.sequences(file))
    assert items[0] == ITEM and len(items) == 4
    for item, recording in zip(items, calms21.iter_recordings(file), strict=True):
        alone = calms21.read_sequence(file, item)
        assert alone.name == recording.name
        np.testing.assert_array_equal(alone.position, recording.position)


@pytest.mark.parametrize(
    "layout", [{"indent": 1}, {"separators": (",", ":")}, {"separators": (" ,\n", " : ")}]
)
def test_white_space_and_order_of_keys_do_not_matter(tmp_path: Path, layout: Any) -> None:
    content = dict(reversed(sequence([3, 0, 0, 2, 3], 5).items()))
    content = {"note": ['a "]}{" \\', [[1], {"b": "[,"}], None, True], "more": {}, **content}
    path = save(tmp_path / "odd.json", {"annotator-id_0": {'we"ird/mouse3_x': content}}, **layout)
    assert list(calms21.sequences(path)) == ['annotator-id_0/we"ird/mouse3_x']
    recording = calms21.read_sequence(path)
    assert recording.group == "mouse3"
    assert recording.position[4, 1, 6, 1] == value(4, 1, 1, 6)
    assert recording.labels is not None and len(recording.labels.bouts) == 2


def test_pieces_of_a_long_array_join_without_a_seam(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(tmp_path / "long.json", {"g": {"s": sequence([0, 1] * 50, 100)}})
    whole = calms21.read_sequence(path)
    for size in (97, 1000):
        monkeypatch.setattr(calms21.text, "_PIECE", size)
        pieces = calms21.read_sequence(path)
        np.testing.assert_array_equal(pieces.position, whole.position)
        assert pieces.labels is not None and len(pieces.labels.bouts) == 100


def test_other_sequences_are_not_parsed(file: Path) -> None:
    broken = file.read_text(encoding="utf-8").replace("71000.25", "7").replace("2010.25", "x010")
    file.write_text(broken, encoding="utf-8")
    with pytest.raises(FormatError, match="mouse001_task1_annotator1': 'keypoints'"):
        calms21.read_sequence(file, ITEM)
    calms21.read_sequence(file, "unlabeled_videos/mouse009_unlabeled")


@pytest.mark.parametrize(
    ("key", "new", "message"),
    [
        ("keypoints", [[[[1.0] * 7] * 2]] * 5, "'keypoints' cannot be read: is not of the shape"),
        ("keypoints", [[[[1.0] * 6] * 2] * 2] * 5, "is not of the shape"),
        ("keypoints", [[[[1.0] * 2] * 7] * 2] * 5, "is not of the shape"),
        ("keypoints", [[[["a"] * 7] * 2] * 2] * 5, "'keypoints' cannot be read|names|numbers"),
        ("keypoints", [[[[True] * 7] * 2] * 2] * 5, "is not of the shape"),
        ("scores", [[[1.0] * 7] * 2] * 4, "'scores' has 4 frames, 'keypoints' 5"),
        ("annotations", [3] * 6, "'annotations' has 6 frames, 'keypoints' 5"),
        ("annotations", [3, 9, 3, 3, 3], "annotation 9 in frame 1 is not in its vocabulary"),
        ("annotations", [3, 0.5, 3, 3, 3], "annotation 0.5 in frame 1"),
        ("annotations", [3, None, 3, 3, 3], "annotation nan in frame 1"),
        ("annotations", [[3]] * 5, "is not of the shape"),
        ("metadata", {}, "no vocabulary"),
        ("metadata", {"vocab": {"a": "b"}}, "no vocabulary"),
        ("metadata", [], "metadata are not an object"),
        ("metadata", {"vocab": VOCABULARY, "fps": "30"}, "'fps' is '30'"),
    ],
)
def test_wrong_content_names_file_and_sequence(
    tmp_path: Path, key: str, new: Any, message: str
) -> None:
    content = sequence([3, 0, 0, 2, 3], 5) | {key: new}
    path = save(tmp_path / "bad.json", {"g": {"task1/train/mouse001": content}})
    with pytest.raises(FormatError, match=message) as error:
        calms21.read_sequence(path, "g/task1/train/mouse001")
    assert "bad.json" in str(error.value) and "task1/train/mouse001" in str(error.value)


def test_missing_keypoints(tmp_path: Path) -> None:
    path = save(tmp_path / "bad.json", {"g": {"s": {"metadata": {}}}})
    with pytest.raises(FormatError, match="has no 'keypoints'"):
        calms21.read_sequence(path)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_truncated_file_is_said_to_be_cut_off(file: Path, share: float) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(FormatError, match="before the JSON is complete"):
        list(calms21.sequences(file))


def test_truncated_file_gives_the_sequences_before_the_cut(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * 0.7)])
    recordings = calms21.iter_recordings(file)
    assert next(recordings).name == "mouse001_task1_annotator1"
    with pytest.raises(FormatError, match="cut off"):
        list(recordings)


@pytest.mark.parametrize("content", ["[1, 2]", "hello", "{}", '{"a": 3}', '{"a": {"b": {}}} x'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, encoding="utf-8")
    assert not calms21.FORMAT.sniff(path)
    with pytest.raises(FormatError, match=r"other\.json"):
        list(calms21.sequences(path))


def test_empty_file_and_unknown_item(tmp_path: Path, file: Path) -> None:
    (tmp_path / "empty.json").touch()
    with pytest.raises(InputError, match="empty"):
        list(calms21.sequences(tmp_path / "empty.json"))
    save(tmp_path / "still.json", {"annotator-id_0": {"still": sequence([], 0)}})
    with pytest.raises(InputError, match="it has no frames"):
        list(calms21.iter_recordings(tmp_path / "still.json"))
    with pytest.raises(InputError, match=r"has no sequence 'nobody'; it has 4 sequences: "):
        calms21.read_sequence(file, "nobody")
    with pytest.raises(InputError, match=r"has 4 sequences: .*; one was expected"):
        calms21.read_sequence(file)


def test_formats_read_with_options(file: Path) -> None:
    assert calms21.FORMAT.sniff(file) and calms21.LABEL_FORMAT.sniff(file)
    recording = calms21.FORMAT.read(file, PoseOptions(name="mine", item=ITEM, fps=15))
    assert (recording.name, recording.fps) == ("mine", 15)
    labels = calms21.LABEL_FORMAT.read(
        file, LabelOptions(item=ITEM, n_frames=2, rename_individuals={"resident": "black"})
    )
    assert labels.n_frames == 2 and set(labels.bouts["agent"]) == {"black"}


def test_labels_honour_what_the_manifest_says(
    tmp_path: Path, classes_of: Callable[..., list[int]]
) -> None:
    vocabulary = {"attack": 0, "none": 1, "hidden": 2}
    path = save(tmp_path / "a.json", {"g": {"s": sequence([1, 0, 2, 2, 1], 5, vocabulary)}})
    options = LabelOptions(background="none", not_observed=("hidden",))
    labels = calms21.LABEL_FORMAT.read(path, options)
    assert labels.background == "none" and labels.behaviours == ("attack",)
    classes = classes_of(labels, PAIR, ["attack", "none"])
    assert classes == [1, 0, -1, -1, 1]
    with pytest.raises(StreamError, match="'left' was expected; the file has no parallel streams"):
        calms21.LABEL_FORMAT.read(path, LabelOptions(stream="left"))


def test_any_name_of_the_background_comes_back(tmp_path: Path) -> None:
    active = np.eye(8, 1, dtype=bool)
    labels = Labels.from_frames(PAIR, active, ["attack"], exclusive=True, background="none")
    path = write_calms21([recording_of("m", 8, labels=labels)], tmp_path / "out.json")
    again = calms21.read_labels(path)
    assert again.background == "none" and again.behaviours == ("attack",)


def test_npy_needs_consent(tmp_path: Path) -> None:
    stored = sequence([3, 0], 2)
    stored = {key: np.array(v) if key != "metadata" else v for key, v in stored.items()}
    path = tmp_path / "calms21.npy"
    np.save(path, np.array({"annotator-id_0": {"task1/train/mouse001_x": stored}}, dtype=object))
    assert calms21.FORMAT.sniff(path)
    with pytest.raises(FormatError, match=r"runs whatever code.*`nuzzle inspect --allow-pickle`"):
        calms21.FORMAT.read(path, PoseOptions())
    with pytest.raises(FormatError, match="pickle"):
        calms21.read_labels(path)
    assert calms21.read_sequence(path, allow_pickle=True).labels is not None
    recording = calms21.FORMAT.read(path, PoseOptions(allow_pickle=True))
    assert recording.position[1, 0, 6, 1] == value(1, 1, 0, 6)
    assert [each.name for each in calms21.iter_recordings(path, allow_pickle=True)] == [
        "mouse001_x"
    ]


def test_manifest_names_items_splits_and_groups(file: Path) -> None:
    manifest = calms21.manifest_from_calms21([file])
    rows = [(e.recording, e.item, e.split, e.group, e.labels is not None) for e in manifest]
    assert rows[0] == ("mouse001_task1_annotator1", ITEM, "train", "mouse001", True)
    assert [row[2] for row in rows] == ["train", "test", "train", ""]
    # The video of task 1 and of task 3 is one: they must not be parted.
    assert rows[2][3] == "mouse001"
    assert not rows[3][4]
    assert {entry.lab for entry in manifest} == {"CalMS21"}


def test_manifest_keeps_names_unique(tmp_path: Path) -> None:
    path = save(
        tmp_path / "two.json", {"a": {"x/m1": sequence([3], 1)}, "b": {"x/m1": sequence([3], 1)}}
    )
    names = [entry.recording for entry in calms21.manifest_from_calms21([path])]
    assert names == ["a_x_m1", "b_x_m1"]


def recording_of(name: str, n_frames: int = 40, **attributes: Any) -> Recording:
    rng = np.random.default_rng(n_frames)
    active = np.zeros((n_frames, 3), dtype=bool)
    active[3:9, 0], active[9:20, 2] = True, True
    position = rng.normal(300, 50, (n_frames, 2, 7, 2)).astype(np.float32)
    position[5, :, 2, 1] = np.nan
    usual: dict[str, Any] = {
        "fps": 30.0,
        "px_per_cm": 18.3,
        "lab": "CalMS21",
        "group": name,
        "labels": Labels.from_frames(
            PAIR, active, ["attack", "investigation", "mount"], exclusive=True, background="other"
        ),
        "confidence": rng.random((n_frames, 7, 2)),
    }
    return Recording.from_arrays(
        name, position, keypoints=MOUSE7_KEYPOINTS, individuals=PAIR, **(usual | attributes)
    )


def same(one: Recording, other: Recording) -> None:
    np.testing.assert_array_equal(one.position, other.position)
    np.testing.assert_array_equal(one.confidence, other.confidence)
    for attribute in ("name", "fps", "px_per_cm", "lab", "group", "unit", "keypoints"):
        assert getattr(one, attribute) == getattr(other, attribute), attribute
    assert (one.labels is None) == (other.labels is None)
    if one.labels is not None and other.labels is not None:
        columns = ["agent", "target", "behaviour", "start_frame", "stop_frame"]
        ours, theirs = one.labels, other.labels
        assert ours.bouts[columns].equals(theirs.bouts[columns])
        assert ours.observed.equals(theirs.observed)
        assert (ours.background, ours.exclusive) == (theirs.background, theirs.exclusive)


def test_round_trip_loses_nothing(tmp_path: Path) -> None:
    before = [
        recording_of("mouse1"),
        recording_of("mouse2", 9000, group="animal 7", fps=25.0, px_per_cm=None, lab="Basel"),
        recording_of("mouse3", labels=None, confidence=None),
        recording_of("mouse4", lab="simulated"),
    ]
    path = write_calms21(before, tmp_path / "out.json")
    for one, other in zip(before, calms21.iter_recordings(path), strict=True):
        same(one, other)


def test_written_layout_is_exact(tmp_path: Path) -> None:
    simulated = recording_of("task1/train/mouse001_sim", 8, source="simulated", labels=None)
    labelled = recording_of("task1/train/mouse002_real", 12)
    path = write_calms21([simulated, labelled], tmp_path / "out.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content) == ["annotator-id_0"]
    first, second = content["annotator-id_0"].values()
    assert first["metadata"]["simulated"] is True and "annotations" not in first
    assert list(second) == ["keypoints", "scores", "annotations", "metadata"]
    assert np.shape(second["keypoints"]) == (12, 2, 2, 7)
    assert second["keypoints"][5][1][0][2] is None
    assert second["keypoints"][7][1][0][3] == pytest.approx(labelled.position[7, 0, 3, 1])
    assert np.shape(second["scores"]) == (12, 2, 7)
    assert second["annotations"] == [3, 3, 3, 0, 0, 0, 0, 0, 0, 2, 2, 2]
    assert second["metadata"]["vocab"] == VOCABULARY
    assert "simulated" not in second["metadata"]
    assert next(calms21.iter_recordings(path)).lab == "CalMS21"


def test_vocabulary_can_be_given(tmp_path: Path) -> None:
    numbers = {"other": 0, "mount": 7, "attack": 2, "investigation": 1, "sniff": 4}
    path = write_calms21([recording_of("m1", 12)], tmp_path / "a.json", vocabulary=numbers)
    stored = json.loads(path.read_text(encoding="utf-8"))["annotator-id_0"]["m1"]
    assert stored["annotations"] == [0, 0, 0, 2, 2, 2, 2, 2, 2, 7, 7, 7]
    assert stored["metadata"]["vocab"] == numbers
    assert calms21.read_labels(path).behaviours == ("attack", "investigation", "mount", "sniff")


def refused() -> dict[str, tuple[Recording, str]]:
    good = recording_of("m", 10)
    active = np.ones((10, 2), dtype=bool)
    gap = np.ones((10, 1), dtype=bool)
    gap[4] = False
    three = Recording.from_arrays(
        "m", np.zeros((2, 2, 7, 3)), keypoints=MOUSE7_KEYPOINTS, individuals="abc"
    )
    return {
        "three mice": (three, "holds two mice"),
        "keypoints": (good.rename(keypoints={"nose": "snout"}), "holds the keypoints"),
        "overlap": (
            recording_of("m", 10, labels=Labels.from_frames(PAIR, active, ["a", "b"])),
            "overlap",
        ),
        "gap": (
            recording_of("m", 10, labels=Labels.from_frames(PAIR, gap, ["a"])),
            "frame 4 has no behaviour",
        ),
        "unobserved": (
            recording_of(
                "m",
                10,
                labels=Labels.from_frames(PAIR, gap, ["a"], observed=gap, background="other"),
            ),
            "not observed",
        ),
        "intruder acts": (
            recording_of("m", 10, labels=Labels.from_frames(PAIR.reversed, gap, ["a"])),
            "only labels of resident->intruder",
        ),
    }


@pytest.mark.parametrize("case", list(refused()))
def test_writer_refuses_what_the_layout_cannot_say(tmp_path: Path, case: str) -> None:
    recording, message = refused()[case]
    with pytest.raises(InputError, match=message):
        write_calms21([recording], tmp_path / "out.json")
    assert list(tmp_path.iterdir()) == []


def test_writer_keeps_existing_files_and_names_apart(tmp_path: Path) -> None:
    path = write_calms21([recording_of("m1")], tmp_path / "out.json")
    before = path.read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        write_calms21([recording_of("m2")], path)
    with pytest.raises(InputError, match="Two recordings are named"):
        write_calms21([recording_of("m2")] * 2, path, overwrite=True)
    with pytest.raises(InputError, match="no recordings"):
        write_calms21([], path, overwrite=True)
    with pytest.raises(InputError, match=r"vocabulary .* lacks"):
        write_calms21([recording_of("m2")], path, vocabulary={"other": 0}, overwrite=True)
    assert path.read_bytes() == before


def test_memory_does_not_grow_with_the_number_of_sequences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calms21.text, "_PIECE", 1 << 13)
    peaks = {}
    for count in (2, 8):
        recordings = (recording_of(f"m{number}", 100) for number in range(count))
        path = write_calms21(recordings, tmp_path / f"{count}.json")
        tracemalloc.start()
        assert sum(each.n_frames for each in calms21.iter_recordings(path)) == 100 * count
        peaks[count] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peaks[8] < 1.3 * peaks[2]
