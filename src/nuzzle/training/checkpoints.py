"""Checkpoints of a training that are whole, or not there."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from nuzzle.errors import TrainingError
from nuzzle.files import atomic_path


class WholeCheckpoints(TorchCheckpointIO):
    """Writes beside what is there and renames; Lightning would copy from another file system."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            OutputError: it cannot be written; the one before stays.
        """
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with atomic_path(path) as temporary, buffer.getbuffer() as data:
            temporary.write_bytes(data)


class BestCheckpoint(ModelCheckpoint):
    """Keeps the best epoch; a run that goes on knows it though its folder was moved meanwhile.

    Lightning would forget how good it was, and take the next epoch for the best.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what an earlier run kept, where it lies now."""
        moved = dict(state_dict, dirpath=self.dirpath)
        for name in ("best_model_path", "kth_best_model_path", "last_model_path"):
            moved[name] = self._here(moved[name])
        scores = moved["best_k_models"].items()
        super().load_state_dict(
            moved | {"best_k_models": {self._here(path): score for path, score in scores}}
        )

    def _here(self, path: str) -> str:
        return str(Path(self.dirpath or "") / Path(path).name) if path else path


def unfinished(path: Path) -> str | None:
    """The checkpoint to go on from; None where there is none.

    Raises:
        TrainingError: it is damaged.
    """
    if not path.exists():
        return None
    if not zipfile.is_zipfile(path):
        raise TrainingError(
            f"{path}, from which the training that broke off would go on, is damaged. Delete it to "
            "begin that training again, or pass --fresh to begin everything again."
        )
    return str(path)
