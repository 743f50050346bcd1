"""The checks of a loaded model: all pass for valid models, each fails if its law is violated."""

import pytest
import torch
from helpers import EMBEDDED, PAIRS

import awrsr
from awrsr.data.dataset import Dataset
from awrsr.ranking.evaluation import evaluate
from awrsr.studies import check_model

ROWS, LATER, DROPOUT, RECORDING, ALONE, EARLIER, GRADIENTS, REPLACED, METRIC = range(9)


def recorded(model, dataset: Dataset) -> dict[str, int]:
    ranks = evaluate(model, dataset).ranks
    return dict(zip(ranks["user_id"], ranks["rank"], strict=True))


def outcomes(model, dataset: Dataset, ranks=None) -> list[bool | None]:
    return [check.passed for check in check_model(model, dataset, ranks)]


@pytest.mark.few(3)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_sound_models_pass(make_model, tiny_dataset, pair):
    model = make_model(*pair)
    checks = check_model(model, tiny_dataset, recorded(model, tiny_dataset))
    assert [check.passed for check in checks] == [True] * 9
    assert "12 of 12 ranks equal" in checks[METRIC].measured


@pytest.mark.slow
def test_a_shipped_model_passes():
    dataset = awrsr.load_dataset(EMBEDDED)
    model = awrsr.load_model(EMBEDDED / "models" / "stosa-stochastic")
    checks = check_model(model, dataset, recorded(model, dataset))
    assert all(check.passed for check in checks), checks


def test_without_records_the_metric_is_not_checked(make_model, tiny_dataset):
    assert outcomes(make_model(), tiny_dataset) == [True] * 8 + [None]


def test_training_mode_fails(make_model, tiny_dataset):
    model = make_model()
    model.train()
    checks = check_model(model, tiny_dataset)
    assert checks[DROPOUT].passed is False
    assert "modules in training mode" in checks[DROPOUT].measured


def test_other_ranks_fail(make_model, tiny_dataset):
    model = make_model()
    ranks = {user: rank % 10 + 1 for user, rank in recorded(model, tiny_dataset).items()}
    assert outcomes(model, tiny_dataset, ranks)[METRIC] is False


def broken(model, change):
    """A model whose refinement gives other weights."""
    for attention in model.attention:
        forward = attention.refinement.forward
        attention.refinement.forward = lambda first, allowed, forward=forward: change(
            forward(first, allowed)
        )
    return model


def test_rows_that_do_not_sum_to_one_fail(make_model, tiny_dataset):
    model = broken(make_model(), lambda refined: refined._replace(weights=refined.weights * 0.9))
    assert outcomes(model, tiny_dataset)[ROWS] is False


def test_a_look_ahead_fails(make_model, tiny_dataset):
    even = lambda refined: refined._replace(  # noqa: E731
        weights=torch.full_like(refined.weights, 1 / refined.weights.shape[-1])
    )
    found = outcomes(broken(make_model(), even), tiny_dataset)
    assert found[LATER] is False
    assert found[ALONE] is False  # padding took part


def test_weights_that_are_not_numbers_fail(make_model, tiny_dataset):
    model = make_model()
    with torch.no_grad():
        model.attention[0].value.weight.fill_(torch.nan)
    found = outcomes(model, tiny_dataset)
    assert found[ROWS] is found[ALONE] is found[DROPOUT] is False


def test_a_model_that_cannot_run_is_a_line_not_an_exception(make_model, tiny_dataset):
    def burst(refined):
        raise RuntimeError("it broke")

    checks = check_model(broken(make_model(), burst), tiny_dataset)
    assert [check.passed for check in checks] == [False] * 9
    assert checks[0].measured == "could not be computed: RuntimeError: it broke"
