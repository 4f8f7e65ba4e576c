"""Train the CNN-LSTM on the engineered features of CalMS21.

Reads ``data/processed/train_calms21_engineered.pkl`` (made by load_calms21_engineered.py) and
writes ``models/cnn_lstm_best.pth``, whose weights load like this:

    import torch
    from nuzzle.models import TemporalCNNLSTM

    model = TemporalCNNLSTM(input_dim=48, num_classes=7, window_size=60)
    checkpoint = torch.load("models/cnn_lstm_best.pth", weights_only=True)
    model.load_state_dict(checkpoint["model_state_dict"])
"""

from __future__ import annotations

import argparse
import math
import pickle
import shutil
import sys
from pathlib import Path

import numpy as np
import torch

from nuzzle.config import Config
from nuzzle.errors import NuzzleError
from nuzzle.files import atomic_path
from nuzzle.labels import Pair
from nuzzle.training.fit import fit
from nuzzle.training.samples import Sample
from nuzzle.training.targets import LabelSpace, Targets


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument(
        "--features", type=Path, default=Path("data/processed/train_calms21_engineered.pkl")
    )
    parser.add_argument("--out", type=Path, default=Path("models/cnn_lstm_best.pth"))
    parser.add_argument("--config", type=Path, help="YAML file with what differs from the defaults")
    parser.add_argument("--set", action="append", default=[], metavar="section.key=value")
    arguments = parser.parse_args()
    if not arguments.features.is_file():
        print(
            f"There is no {arguments.features}. Make it first: "
            "python scripts/load_calms21_engineered.py",
            file=sys.stderr,
        )
        return 2

    config = Config.load(arguments.config, arguments.set)
    # Our own file, made by the script before this one.
    content = pickle.loads(arguments.features.read_bytes())
    classes = tuple(content["classes"])
    behaviours = tuple(name for name in classes if name != "other")
    space = LabelSpace(classes, "other", exclusive=True, priority=behaviours)
    samples = {split: [_sample(each) for each in content[split]] for split in ("train", "val")}
    work = arguments.out.with_name(arguments.out.name + ".work")
    trained = fit(config, space, samples["train"], samples["val"], work, _print_epoch)
    score = trained.history[trained.best_epoch - 1].get("val_macro_f1", math.nan)
    with atomic_path(arguments.out) as temporary:
        torch.save(
            {
                "model_state_dict": trained.model.state_dict(),
                "classes": list(classes),
                "columns": content["columns"],
                "window_size": config.training.window,
                "mean": torch.from_numpy(content["mean"]),
                "std": torch.from_numpy(content["std"]),
                "epoch": trained.best_epoch,
                "val_macro_f1": score,
            },
            temporary,
        )
    shutil.rmtree(work)
    print(f"{arguments.out}: best epoch {trained.best_epoch}, macro F1 {score:.3f}")
    return 0


def _sample(values):
    """A pair of a recording, from plain arrays."""
    labels, observed = values["labels"], values["observed"]
    active = np.zeros_like(observed)
    known = labels >= 0
    active[np.flatnonzero(known), labels[known]] = True
    pair = Pair(values["agent"], values["target"])
    features = torch.from_numpy(values["features"])
    return Sample(values["video"], pair, Targets(active, observed), features=features)


def _print_epoch(epoch, epochs, metrics):
    print(
        f"epoch {epoch}/{epochs}: loss {metrics['train_loss']:.4f}, "
        f"val macro F1 {metrics['val_macro_f1']:.3f}",
        flush=True,
    )


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NuzzleError as error:
        sys.exit(f"error: {error}")
