"""What every model that labels all frames of a sequence must do."""

import pytest
import torch

from nuzzle.models import ARCHITECTURES, count_parameters

FEATURES, CLASSES = 12, 4
#: Small ones, whose receptive field a short sequence can show.
SMALL = {
    "tcn": {"channels": 8, "num_layers": 4, "refinement_layers": 3},
    "conv_lstm": {"channels": (16, 16, 16), "hidden": 16},
    "transformer": {"channels": 16, "num_layers": 2, "heads": 2, "window": 8},
    "graph": {"nodes": (2, 2, 3), "node_channels": 4, "channels": 8, "num_layers": 4},
}
#: Half of each receptive field, added up by hand: dilations 8 + 4 + 4 + 8 and 1 + 2 + 4; two
#: convolutions of 5 frames and two windows; dilations 1 + 2 + 4 + 8.
REACH = {"tcn": 24 + 7, "transformer": 2 + 2 + 16, "graph": 15}


def small(name, **more):
    torch.manual_seed(0)
    options = {**SMALL[name], **more}
    return ARCHITECTURES[name].build(input_dim=FEATURES, num_classes=CLASSES, **options).eval()


def sequence(frames, seed=1, batch=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(batch, frames, FEATURES, generator=generator)


def test_all_sequence_models_are_here():
    names = {name for name, each in ARCHITECTURES.items() if each.shape == "sequence"}
    assert names == set(SMALL)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_default_sizes(name):
    told = {"nodes": (2, 7, 5)} if name == "graph" else {}
    model = ARCHITECTURES[name].build(input_dim=70, num_classes=4, **told)
    assert 100_000 <= count_parameters(model) <= 400_000


@pytest.mark.parametrize("name", sorted(REACH))
def test_the_receptive_field_is_as_stated(name):
    model = small(name).double()
    reach = REACH[name]
    assert model.receptive_field_frames == 2 * reach + 1
    frames, at = 101, 50
    x = sequence(frames).double().requires_grad_()
    model(x)[0, at].sum().backward()
    felt = x.grad[0].abs().sum(-1) > 0
    assert felt.nonzero()[0].item() == at - reach
    assert felt.nonzero()[-1].item() == at + reach


def test_an_lstm_remembers_everything():
    model = small("conv_lstm").double()
    assert model.receptive_field_frames is None
    x = sequence(101).double().requires_grad_()
    model(x)[0, 50].sum().backward()
    assert (x.grad[0].abs().sum(-1) > 0).all()


@pytest.mark.parametrize("name", sorted(REACH))
def test_any_length_and_place(name):
    """A piece with its receptive field says what the whole recording says."""
    model = small(name)
    x = sequence(1003)
    whole = model(x)
    reach = REACH[name]
    for start, stop in ((0, 100), (333, 377), (950, 1003)):
        low, high = max(0, start - reach), min(1003, stop + reach)
        piece = model(x[:, low:high])[:, start - low : stop - low]
        torch.testing.assert_close(piece, whole[:, start:stop], rtol=1e-4, atol=1e-5)


STEPS = [
    (name, {"frames_per_step": frames})
    for name in ("conv_lstm", "transformer")
    for frames in (2, 4)
]


@pytest.mark.parametrize(("name", "more"), [*((name, {}) for name in sorted(SMALL)), *STEPS])
def test_padding_on_either_side_is_not_felt(name, more):
    """Sequences of several lengths in one batch, padded with rubbish before and after."""
    model = small(name, **more)
    placed = ((0, 50), (3, 33), (17, 50), (8, 9), (21, 44), (1, 3))
    batch = 1e3 * sequence(50, seed=3, batch=len(placed))
    mask = torch.zeros(len(placed), 50, dtype=torch.bool)
    alone = []
    for i, (start, stop) in enumerate(placed):
        x = sequence(stop - start, seed=10 + i)
        batch[i, start:stop], mask[i, start:stop] = x[0], True
        alone.append(model(x)[0])
    together = model(batch, mask)
    for i, (start, stop) in enumerate(placed):
        torch.testing.assert_close(together[i, start:stop], alone[i], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_sequence_that_does_not_exist_gives_numbers(name):
    model = small(name)
    mask = torch.zeros(2, 20, dtype=torch.bool)
    mask[0] = True
    logits = model(sequence(20, batch=2), mask)
    assert torch.isfinite(logits).all()


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_mask_of_ones_changes_nothing(name):
    model = small(name)
    x = sequence(37, batch=3)
    mask = torch.ones(3, 37, dtype=torch.bool)
    torch.testing.assert_close(model(x, mask), model(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_it_learns_what_needs_its_neighbours(name):
    """The class is the sign of a feature's mean over 15 frames: no frame says it by itself."""
    model = small(name).train()
    x = sequence(300, seed=5, batch=4)
    # The third channel of a node of the graph is its presence, and must not be below 0.
    x[..., 2::3] = x[..., 2::3].abs()
    mean = x[..., 0].unfold(1, 15, 1).mean(-1)
    target = torch.nn.functional.pad((mean > 0).long(), (7, 7), value=-1)
    assert ((x[:, 7:-7, 0] > 0) == (mean > 0)).float().mean() < 0.6
    optimiser = torch.optim.Adam(model.parameters(), lr=0.005)
    for _ in range(80):
        loss = torch.nn.functional.cross_entropy(
            model(x).flatten(0, 1), target.flatten(), ignore_index=-1
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    right = model.eval()(x).argmax(-1) == target
    assert right[target >= 0].float().mean() > 0.8
