"""nuzzle: who does what to whom, from tracked poses.

The commands are functions of the same names here: `init`, `inspect`, `train`, `crossval`, `tune`,
`evaluate`, `compare`, `predict`, `report` and `explain`. `predict_recording` says what a model
makes of a recording in memory; `load_entry` and `read_poses` read one. All errors are a
`NuzzleError`.
Importing nuzzle is quick and changes nothing; what a name needs is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nuzzle.config import Config
    from nuzzle.errors import NuzzleError
    from nuzzle.inference.bundle import Bundle
    from nuzzle.inference.predict import predict_recording
    from nuzzle.io.init_manifest import init_manifest as init
    from nuzzle.io.load import load_entry, read_poses
    from nuzzle.labels import Labels, Pair
    from nuzzle.manifest import Manifest
    from nuzzle.outputs.report import write_report as report
    from nuzzle.recording import Recording
    from nuzzle.skeleton import Skeleton
    from nuzzle.workflow.compare import compare
    from nuzzle.workflow.crossval import crossval
    from nuzzle.workflow.evaluate import evaluate
    from nuzzle.workflow.explain import explain
    from nuzzle.workflow.inspect import inspect
    from nuzzle.workflow.predict import predict
    from nuzzle.workflow.train import train
    from nuzzle.workflow.tune import tune

__version__ = "0.1.0"

#: Public name -> where it lives.
_HOMES = {
    "Bundle": ("nuzzle.inference.bundle", "Bundle"),
    "Config": ("nuzzle.config", "Config"),
    "Labels": ("nuzzle.labels", "Labels"),
    "Manifest": ("nuzzle.manifest", "Manifest"),
    "NuzzleError": ("nuzzle.errors", "NuzzleError"),
    "Pair": ("nuzzle.labels", "Pair"),
    "Recording": ("nuzzle.recording", "Recording"),
    "Skeleton": ("nuzzle.skeleton", "Skeleton"),
    "compare": ("nuzzle.workflow.compare", "compare"),
    "crossval": ("nuzzle.workflow.crossval", "crossval"),
    "evaluate": ("nuzzle.workflow.evaluate", "evaluate"),
    "explain": ("nuzzle.workflow.explain", "explain"),
    "init": ("nuzzle.io.init_manifest", "init_manifest"),
    "inspect": ("nuzzle.workflow.inspect", "inspect"),
    "load_entry": ("nuzzle.io.load", "load_entry"),
    "predict": ("nuzzle.workflow.predict", "predict"),
    "predict_recording": ("nuzzle.inference.predict", "predict_recording"),
    "read_poses": ("nuzzle.io.load", "read_poses"),
    "report": ("nuzzle.outputs.report", "write_report"),
    "train": ("nuzzle.workflow.train", "train"),
    "tune": ("nuzzle.workflow.tune", "tune"),
}

__all__ = [
    "Bundle",
    "Config",
    "Labels",
    "Manifest",
    "NuzzleError",
    "Pair",
    "Recording",
    "Skeleton",
    "__version__",
    "compare",
    "crossval",
    "evaluate",
    "explain",
    "init",
    "inspect",
    "load_entry",
    "predict",
    "predict_recording",
    "read_poses",
    "report",
    "train",
    "tune",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if not TYPE_CHECKING:  # a type checker would take any name for one of these

    def __getattr__(name: str) -> Any:
        if name in _HOMES:
            module, attribute = _HOMES[name]
            return getattr(import_module(module), attribute)
        raise AttributeError(f"module 'nuzzle' has no attribute {name!r}")
