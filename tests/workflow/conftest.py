"""A small simulated data set and a bundle trained on it, made once."""

from dataclasses import replace

import pytest

from nuzzle.config import Config
from nuzzle.io.calms21_write import write_calms21
from nuzzle.manifest import Entry, Manifest
from nuzzle.simulate.recordings import simulate_recording
from nuzzle.workflow.train import train

SPLITS = ("train", "train", "train", "val", "val")
QUICK = Config.parse(
    {"training": {"epochs": 2, "epoch_windows": 256, "val_stride": 10, "window": 20}}
)


@pytest.fixture(scope="package")
def data(tmp_path_factory):
    """A CalMS21 file of five simulated recordings."""
    folder = tmp_path_factory.mktemp("data")
    recordings = [
        replace(simulate_recording(f"mouse{n}", minutes=0.5, seed=n), name=f"mouse{n}")
        for n in range(len(SPLITS))
    ]
    write_calms21(recordings, folder / "calms21.json")
    return folder


@pytest.fixture(scope="package")
def short(tmp_path_factory):
    """A CalMS21 file of two very short simulated recordings."""
    folder = tmp_path_factory.mktemp("short")
    recordings = [simulate_recording(f"short{n}", minutes=0.1, seed=n) for n in range(2)]
    return write_calms21(recordings, folder / "short.json")


@pytest.fixture(scope="package")
def manifest(data):
    file = data / "calms21.json"
    entries = []
    for number, split in enumerate(SPLITS):
        name = f"mouse{number}"
        item = f"annotator-id_0/{name}"
        entries.append(Entry(name, file, file, item=item, fps=30.0, px_per_cm=18.3, split=split))
    return Manifest(tuple(entries))


@pytest.fixture(scope="package")
def bundle_file(manifest, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundle") / "mice.nuzzle"
    train(manifest, path, QUICK)
    return path
