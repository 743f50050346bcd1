"""Attribution changes neither a model that many threads share nor the process."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from attributed import CONTRAST, HISTORY, TARGET, attribute, every_method

from awrsr.attribution import METHODS


def footprint(model):
    """The state that a method could change: of the model and of the process's generators."""
    hooks = [
        len(getattr(module, name))
        for module in model.modules()
        for name in vars(module)
        if "hook" in name and hasattr(getattr(module, name), "__len__")
    ]
    return {
        "hooks": sum(hooks),
        "modes": [module.training for module in model.modules()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "gradients": [parameter.grad for parameter in model.parameters()],
        "flags": [parameter.requires_grad for parameter in model.parameters()],
        "weights": [value.tolist() for value in model.state_dict().values()],
        "torch": torch.random.get_rng_state().tolist(),
        "numpy": [
            part.tolist() if hasattr(part, "tolist") else part for part in np.random.get_state()
        ],
        "grad mode": torch.is_grad_enabled(),
    }


@every_method
@pytest.mark.parametrize("trainable", [False, True], ids=["frozen", "trainable"])
def test_nothing_is_left_behind(model, method, trainable):
    model.requires_grad_(trainable)
    before = footprint(model)
    attribute(model, HISTORY, TARGET, method, contrast=CONTRAST)
    assert footprint(model) == before


@every_method
@pytest.mark.parametrize("calls", [1, 2], ids=["at once", "later"])
def test_nothing_is_left_behind_by_a_failure_either(model, method, calls):
    """The model fails at its first or second evaluation."""
    real, count, before = model.encode, 0, footprint(model)

    def encode(*args, **kwargs):
        nonlocal count
        count += 1
        if count == calls:
            raise RuntimeError("the device fell over")
        return real(*args, **kwargs)

    model.encode = encode
    with pytest.raises(RuntimeError, match="the device fell over"):
        attribute(model, HISTORY, TARGET, method)
    del model.encode
    assert footprint(model) == before


@pytest.mark.gpu
@every_method
def test_the_gpus_generators_are_left_alone(make_model, method):
    model = make_model().to("cuda")
    torch.rand(1, device="cuda")
    before = torch.cuda.get_rng_state()
    attribute(model, HISTORY, TARGET, method)
    assert torch.equal(torch.cuda.get_rng_state(), before)


@pytest.mark.few(1)
def test_many_threads_on_one_model_do_not_disturb_each_other(model):
    asked = [(method, seed) for method in METHODS for seed in (0, 1)]

    def values(question):
        method, seed = question
        history = HISTORY[seed:]
        return attribute(model, history, TARGET + seed, method, seed=seed).values

    alone = [values(question) for question in asked]
    before = footprint(model)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(values, asked))
    assert all(torch.equal(a, b) for a, b in zip(alone, together, strict=True))
    assert footprint(model) == before
