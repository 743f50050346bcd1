"""Timings, as ratios within one run; nothing here asserts a speed.

    OMP_NUM_THREADS=2 pytest tests/benchmarks -o addopts= --benchmark-columns=median,iqr,rounds -s

(without the usual options, which check all shapes). Each table is one comparison; the figure
in brackets is the ratio to the fastest row. Beauty is read from ../shared/data/s3rec/Beauty.txt.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
import torch
from helpers import EMBEDDED, PAIRS, SHARED_DATA

import awrsr
from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.batching import Unseen, history_and_target, left_pad
from awrsr.data.dataset import Dataset
from awrsr.data.windows import bucketed, training_batches, training_windows
from awrsr.models import SequentialModel, build_model
from awrsr.ranking.evaluation import evaluate
from awrsr.ranking.metrics import target_ranks
from awrsr.ranking.recommendation import ranked_catalogue
from awrsr.training.epoch import Objective

pytestmark = pytest.mark.benchmark
BEAUTY = SHARED_DATA / "s3rec" / "Beauty.txt"


@pytest.fixture(scope="module")
def beauty() -> Dataset:
    if not BEAUTY.is_file():
        pytest.skip(f"{BEAUTY} is absent; the file may not be redistributed")
    return awrsr.prepare(BEAUTY, format="s3rec", name="Beauty")


def new_model(dataset: Dataset, backbone: str = "sasrec", refinement: str = "none"):
    torch.manual_seed(0)
    catalogue = Catalogue(
        name=dataset.name, fingerprint=dataset.fingerprint, n_items=dataset.n_items
    )
    return build_model(ModelConfig(backbone=backbone, refinement=refinement), catalogue)


def training_step(
    dataset: Dataset, model: SequentialModel, loss: str
) -> Callable[[torch.Tensor], None]:
    """A step on windows of the dataset's first users."""
    unseen = Unseen(dataset, torch.device("cpu"))
    objective = Objective(model, TrainConfig(loss=loss), unseen).train()
    optimizer = torch.optim.AdamW(model.parameters())

    def step(windows: torch.Tensor) -> None:
        optimizer.zero_grad()
        objective(windows, torch.arange(len(windows))).backward()
        optimizer.step()

    return step


def epoch_batches(dataset: Dataset, batch_size: int = 256) -> list[torch.Tensor]:
    generator = np.random.default_rng(0)
    windows = training_windows(dataset, 50, generator)
    batches = list(bucketed(windows.lengths, batch_size, generator))
    found = training_batches(torch.from_numpy(dataset.flat_items), windows, batches)
    return [batch.items for batch in found]


@pytest.mark.benchmark(group="1. an epoch on Beauty, SASRec, sampled_ce")
@pytest.mark.parametrize("batches", ["cut to the longest", "padded to 50"])
def test_epoch(benchmark, beauty: Dataset, batches: str) -> None:
    step = training_step(beauty, new_model(beauty), "sampled_ce")
    cut = epoch_batches(beauty)
    if batches == "padded to 50":
        cut = [torch.nn.functional.pad(b, (51 - b.shape[1], 0)) for b in cut]

    def epoch() -> None:
        for batch in cut:
            step(batch)

    benchmark.pedantic(epoch, rounds=1, warmup_rounds=0)


@pytest.mark.parametrize(
    ("backbone", "refinement"), PAIRS, ids=[f"{backbone}-{name}" for backbone, name in PAIRS]
)
def test_training_step(benchmark, backbone: str, refinement: str) -> None:
    """A step on ml-latest-small as the shipped models were trained: ce, 32 full windows of 50.

    Each step follows a step of the vanilla model, so that the printed ratio is valid even if the
    speed of the machine changes between tests.
    """
    benchmark.group = f"2. a training step, {backbone}, ce, 32 windows of 50"
    dataset = awrsr.load_dataset(EMBEDDED)
    step = training_step(dataset, new_model(dataset, backbone, refinement), "ce")
    vanilla_step = training_step(dataset, new_model(dataset, backbone), "ce")
    vanilla_took: list[float] = []
    batch = torch.randint(1, dataset.n_items + 1, (32, 51), generator=torch.manual_seed(0))

    def before() -> None:
        start = time.perf_counter()
        vanilla_step(batch)
        vanilla_took.append(time.perf_counter() - start)

    benchmark.pedantic(lambda: step(batch), setup=before, rounds=25, warmup_rounds=3)
    ratio = benchmark.stats["median"] / statistics.median(vanilla_took[-25:])
    print(f"\n{backbone}-{refinement}: {ratio:.2f} of the vanilla model's steps between")


@pytest.mark.benchmark(group="3. evaluation of Beauty, SASRec, test split, per 22,363 users")
@pytest.mark.parametrize("how", ["in blocks", "a loop over users (a tenth of them, x 10)"])
def test_evaluation(benchmark, beauty: Dataset, how: str) -> None:
    model = new_model(beauty).eval().requires_grad_(False)

    @torch.inference_mode()
    def loop() -> None:
        for user in range(0, beauty.n_users, 10):
            history, target = history_and_target(beauty, user, "test")
            scores = model.item_scores(model(left_pad([history[-50:]]))[:, -1])
            rows = torch.zeros(len(history), dtype=torch.long)
            target_ranks(
                scores, torch.tensor([target]), (rows, torch.from_numpy(history.astype(np.int64)))
            )

    if how == "in blocks":
        benchmark.pedantic(lambda: evaluate(model, beauty), rounds=3, warmup_rounds=1)
    else:
        benchmark.pedantic(loop, rounds=3, warmup_rounds=1)
    scale = 1 if how == "in blocks" else 10
    benchmark.extra_info["users per second"] = beauty.n_users / scale / benchmark.stats["median"]
    print(f"\n{how}: {benchmark.extra_info['users per second']:,.0f} users per second")


@pytest.mark.benchmark(
    group="4. one history of 50 items in two models, maps + top 10 + attribution"
)
@pytest.mark.parametrize("method", ["none", *awrsr.attribution.METHODS])
def test_inspection(benchmark, method: str) -> None:
    dataset = awrsr.load_dataset(EMBEDDED)
    models = [
        awrsr.load_model(EMBEDDED / "models" / name) for name in ("sasrec-none", "sasrec-additive")
    ]
    user = int(np.argmax(dataset.lengths() > 60))
    items = dataset.sequence(user)[-51:-1].tolist()
    target = int(dataset.sequence(user)[-1])

    def inspect() -> None:
        for model in models:
            trace = awrsr.trace(model, items)
            ranked_catalogue(trace.item_scores, items).head(10)
            if method != "none":
                awrsr.attribute(model, items, target, method)

    benchmark.pedantic(inspect, rounds=10, warmup_rounds=2)
