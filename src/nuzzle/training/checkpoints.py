"""Checkpoints of a training that are whole, or not there."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import torch
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
