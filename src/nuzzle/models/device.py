"""What networks run on."""

from __future__ import annotations

import torch


def best_device() -> torch.device:
    """The GPU that CUDA (NVIDIA) or ROCm (AMD) puts first; where there is none, the CPU.

    Not Apple's: it has no float64, and LSTMs on packed sequences have been silently wrong on it
    (PyTorch, issue 95118).
    """
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def device_name() -> str:
    """What the best device is called."""
    device = best_device()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
