"""What runs on a GPU, where there is none."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from nuzzle.config import Config
from nuzzle.inference.attribution import integrated_gradients
from nuzzle.inference.classifier import SequenceClassifier, WindowClassifier
from nuzzle.models import ARCHITECTURES
from nuzzle.models.device import best_device, device_name
from nuzzle.training.losses import FocalLoss, JointLoss
from nuzzle.training.module import LitClassifier
from nuzzle.training.targets import LabelSpace
from nuzzle.training.windows import Batch

FRAMES, FEATURES = 24, 20
GPU, CPU = torch.device("cuda"), torch.device("cpu")


@pytest.mark.parametrize(("cuda", "kind"), [(True, "cuda"), (False, "cpu")])
def test_a_gpu_of_cuda_and_no_other(monkeypatch, cuda, kind):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "H200")
    assert best_device() == torch.device(kind)
    assert device_name() == {"cuda": "H200", "cpu": "the CPU"}[kind]


class PretendedGpu(TorchFunctionMode):
    """Marks what would be on a GPU, and refuses what would mix it with tensors on the CPU."""

    #: Take a tensor of the CPU beside those of a GPU: lengths of sequences, or indices.
    MIXED = ("_pack_padded_sequence", "_pad_packed_sequence", "lstm", "__getitem__", "__setitem__")

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs, name = dict(kwargs or {}), func.__name__
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        on = [each for each in tensors if is_on(each)]
        if name == "__get__" and getattr(func, "__self__", None) is Tensor.device:
            return GPU if on else CPU
        if name == "cpu":
            return put(args[0].clone(), False)
        if name == "to" and isinstance(args[-1], Tensor) and len(args) > 1:
            return put(args[0].type(args[1].dtype).clone(), is_on(args[1]))
        if name == "to" and isinstance(args[-1], torch.device):
            return put(args[0].clone(), args[1] == GPU)
        if "device" in kwargs:
            there = torch.device(kwargs.pop("device")) == GPU
            return put(func(*args, **kwargs), there)
        others = [each for each in tensors if not is_on(each) and each.dim()]
        if on and others and name not in self.MIXED:
            raise RuntimeError(f"{name}: {len(on)} tensors on the GPU, {len(others)} on the CPU")
        out = func(*args, **kwargs)
        for each in tree_leaves(out) if on else ():
            # Lengths stay on the CPU.
            put(each, not (name in self.MIXED[:2] and each.dtype == torch.int64))
        return out


def is_on(tensor: Tensor) -> bool:
    return getattr(tensor, "on_gpu", False)


def put(value: Any, there: bool = True) -> Any:
    if isinstance(value, Tensor):
        value.on_gpu = there
    return value


def put_all(module: nn.Module) -> None:
    for each in (*module.parameters(), *module.buffers()):
        put(each)


def built(name: str, *, exclusive: bool = True, auxiliary: int = 0) -> tuple[nn.Module, dict]:
    """With random weights, for `FEATURES` features and three behaviours."""
    known = {
        "window_size": FRAMES,
        "groups": [3, auxiliary] if auxiliary else [3],
        "exclusive": exclusive,
        "nodes": (2, 2, 5),
    }
    takes = {each: known[each] for each in ARCHITECTURES[name].takes}
    arguments = {"input_dim": FEATURES, "num_classes": 3 + auxiliary, **takes}
    torch.manual_seed(0)
    return ARCHITECTURES[name].build(**arguments), arguments


def test_a_mix_is_refused():
    mine = put(torch.ones(3))
    with PretendedGpu(), pytest.raises(RuntimeError, match="1 on the CPU"):
        mine + torch.ones(3)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_training_step_stays_there(name, exclusive, monkeypatch):
    model, _ = built(name, exclusive=exclusive, auxiliary=2)
    model.eval()  # drops nothing out, so that both steps are alike
    space = LabelSpace(("a", "b", "o"), "o" if exclusive else None, exclusive, ("a", "b"))
    background, alpha = (2, torch.rand(3)) if exclusive else (None, torch.rand(2, 3))
    main = FocalLoss(exclusive, 2.0, alpha, None, background, 1.0)
    loss = JointLoss(main, 3, FocalLoss(False, 2.0, torch.rand(2, 2), None, None, 1.0), 0.5)
    settings = ["augmentation.mixup_alpha=0.2", "loss.smoothness=0.1"]
    lit = LitClassifier(model, Config.load(None, [f"model.name={name}", *settings]), space, loss)
    monkeypatch.setattr(lit, "log", lambda *_, **__: None)
    inside = torch.ones(3, FRAMES, dtype=torch.bool)
    inside[0, 15:] = inside[1, :4] = False
    of = (3,) if ARCHITECTURES[name].shape == "window" else (3, FRAMES)
    seen, active = torch.ones(*of, 5, dtype=torch.bool), torch.rand(*of, 5).round()
    x, lab = torch.randn(3, FRAMES, FEATURES), torch.zeros(3, 0)
    batch = Batch(x, inside, active, seen, torch.arange(3), lab)
    judged = batch._replace(targets=active[..., :3].clone(), observed=seen[..., :3].clone())

    def step() -> Tensor:
        lit.rng = np.random.default_rng(0)
        return lit.training_step(batch, 0).detach()

    expected = step()
    put_all(lit)
    for each in (*batch, *judged, lit.counts):
        put(each)
    with PretendedGpu():
        found = step()
        lit.validation_step(judged, 0)
        assert is_on(found) and is_on(lit.counts)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=0)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_labels_and_gradients_come_back(name):
    model, arguments = built(name)
    kind = WindowClassifier if ARCHITECTURES[name].shape == "window" else SequenceClassifier
    classifier = kind(model.eval(), name, arguments, FRAMES, exclusive=True)
    features = torch.randn(100, FEATURES, generator=torch.Generator().manual_seed(1))

    def score(at: Tensor) -> Tensor:
        return classifier.logits_of(at, 50)[0]

    def found() -> list[Tensor]:
        said = [classifier.probabilities(features)]
        if isinstance(classifier, WindowClassifier):
            said.append(classifier.attention(features, torch.tensor([3, 70])))
        nothing = torch.zeros_like(features)
        return [*said, integrated_gradients(score, features, nothing, steps=2)]

    expected = found()
    put_all(model)
    with PretendedGpu():
        assert classifier.device == GPU
        for mine, other in zip(found(), expected, strict=True):
            assert not is_on(mine)
            assert torch.allclose(mine, other, atol=1e-5)
