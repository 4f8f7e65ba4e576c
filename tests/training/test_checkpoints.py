import errno

import pytest
import torch

from nuzzle.errors import OutputError, TrainingError
from nuzzle.training.checkpoints import WholeCheckpoints, unfinished


def test_a_full_disk_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    path = tmp_path / "last.ckpt"
    assert unfinished(path) is None
    WholeCheckpoints().save_checkpoint({"epoch": 1}, path)

    def full(self, data):
        with self.open("wb") as file:
            file.write(bytes(data)[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.write_bytes", full)
        with pytest.raises(OutputError, match=r"last\.ckpt: No space left"):
            WholeCheckpoints().save_checkpoint({"epoch": 2}, path)
    assert [each.name for each in tmp_path.iterdir()] == ["last.ckpt"]
    assert torch.load(unfinished(path), weights_only=True) == {"epoch": 1}


def test_a_damaged_checkpoint_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "last.ckpt"
    WholeCheckpoints().save_checkpoint({"epoch": 1}, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TrainingError, match=r"last\.ckpt.* is damaged\. Delete it .* --fresh"):
        unfinished(path)
