"""Training on a GPU: seconds of a step, tokens per second, share of the peak, by refinement.

    PYTHONPATH=. python tests/benchmarks/gpu.py steps
    PYTHONPATH=. python tests/benchmarks/gpu.py evaluation

A round takes some steps of each model in turn, on the same batches of a seeded dataset of 12,000
items; the median over rounds is printed, with its ratio to the same backbone without refinement.
A token is a position that predicts. The operations of a step are counted by PyTorch; the peak is
that of a product of two matrices of 8,192 x 8,192 in the same precision, measured in the same run.
"""

import argparse
import functools
import statistics
import time
from collections.abc import Callable
from contextlib import nullcontext

import numpy as np
import torch
from large_catalogue import seeded_dataset
from torch.utils.flop_counter import FlopCounterMode

from awrsr.config import ModelConfig, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.data.dataset import Dataset
from awrsr.data.windows import TrainingBatch, bucketed, training_batches, training_windows
from awrsr.models import BACKBONES, build_model
from awrsr.ranking.evaluation import evaluate
from awrsr.refinement import REFINEMENTS
from awrsr.training.epoch import Objective
from awrsr.training.optimizers import build_optimizer, total_norm

GPU = torch.device("cuda")
N_ITEMS = 12_000
PAIRS = [
    f"{backbone}-{name}"
    for backbone in BACKBONES
    for name, refinement in REFINEMENTS.items()
    if refinement.fits(backbone)
]
PRECISIONS = ("32-true", "bf16-mixed")


def epoch_batches(dataset: Dataset, config: TrainConfig) -> list[TrainingBatch]:
    """The batches of an epoch, on the GPU."""
    generator = np.random.default_rng(0)
    windows = training_windows(dataset, ModelConfig().max_length, generator)
    order = list(bucketed(windows.lengths, config.batch_size, generator))
    items = torch.from_numpy(dataset.flat_items).to(GPU)
    return list(training_batches(items, windows, order))


def stepper(
    dataset: Dataset, pair: str, precision: str, config: TrainConfig
) -> Callable[[TrainingBatch], None]:
    """A function that takes one step of training."""
    backbone, refinement = pair.split("-")
    torch.manual_seed(0)
    model = build_model(
        ModelConfig(backbone=backbone, refinement=refinement), dataset.catalogue, "xavier"
    )
    optimizer = build_optimizer(model.to(GPU).train(), config)
    objective = Objective(model, config, Unseen(dataset, GPU))

    def step(batch: TrainingBatch) -> None:
        half = precision == "bf16-mixed"
        with torch.autocast("cuda", torch.bfloat16) if half else nullcontext():
            loss = objective(*batch)
        optimizer.zero_grad()
        loss.backward()
        total_norm(model)
        optimizer.step()

    return step


def take(step: Callable[[TrainingBatch], None], batches: list[TrainingBatch]) -> None:
    """A step for each batch."""
    for batch in batches:
        step(batch)


def seconds(work: Callable[[], object]) -> float:
    """Seconds until the GPU has done the work."""
    torch.cuda.synchronize()
    start = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def peak(precision: str) -> float:
    """Operations per second of a large matrix product."""
    kind = torch.bfloat16 if precision == "bf16-mixed" else torch.float32
    left, right = (torch.randn(8192, 8192, device=GPU, dtype=kind) for _ in range(2))
    took = [seconds(lambda: left @ right) for _ in range(8)]
    return 2 * 8192**3 / statistics.median(took[3:])


def steps(options: argparse.Namespace) -> None:
    """Print the seconds of a step of each pair in each way."""
    config = TrainConfig(loss=options.loss, batch_size=options.batch_size)
    dataset = seeded_dataset(N_ITEMS)
    batches = epoch_batches(dataset, config)
    ways: dict[tuple[str, str], Callable[[], None]] = {}
    for pair in options.pairs:
        for way in options.precisions:
            epoch = functools.partial(take, stepper(dataset, pair, way, config), batches)
            ways[pair, way] = epoch
            print(f"{pair}, {way}: first epoch {seconds(epoch):.1f} s", flush=True)
    took: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, epoch in ways.items():
            took[way].append(seconds(epoch) / len(batches))
    peaks = {way: peak(way) for way in options.precisions}
    tokens = sum(batch.n_targets for batch in batches) / len(batches)
    print(
        f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {options.loss}, batches of "
        f"{options.batch_size}, {tokens:,.0f} tokens each; medians of {options.rounds} epochs"
    )
    for (pair, way), times in took.items():
        middle = statistics.median(times)
        plain = took.get((f"{pair.split('-')[0]}-none", way), times)
        with FlopCounterMode(display=False) as counted:
            take(stepper(dataset, pair, PRECISIONS[0], config), batches)
        operations = counted.get_total_flops() / len(batches)
        print(
            f"{pair}, {way}: {1e3 * middle:.2f} ms a step ({1e3 * min(times):.2f} to "
            f"{1e3 * max(times):.2f}), {middle / statistics.median(plain):.2f} of vanilla, "
            f"{tokens / middle:,.0f} tokens a second, {operations / middle / peaks[way]:.2%} of "
            "the peak"
        )
    for way, rate in peaks.items():
        print(f"peak of {way}: {rate / 1e12:.0f} TFLOP/s")


def evaluation(options: argparse.Namespace) -> None:
    """Print the users per second of an evaluation, on the GPU and on the CPU."""
    dataset = seeded_dataset(options.items)
    for backbone in BACKBONES:
        model = build_model(ModelConfig(backbone=backbone), dataset.catalogue).eval()
        for device in ("cuda", "cpu"):
            model.to(device)
            if device == "cuda":
                evaluate(model, dataset, "test")
            took = seconds(lambda model=model: evaluate(model, dataset, "test"))
            print(
                f"{backbone}, {options.items:,} items, {dataset.n_users:,} users, {device}: "
                f"{dataset.n_users / took:,.0f} users a second"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    training = verbs.add_parser("steps")
    training.add_argument("--pairs", nargs="+", default=PAIRS)
    training.add_argument("--precisions", nargs="+", default=PRECISIONS)
    training.add_argument("--loss", default="sampled_ce")
    training.add_argument("--batch_size", type=int, default=256)
    training.add_argument("--rounds", type=int, default=7)
    training.set_defaults(run=steps)
    ranking = verbs.add_parser("evaluation")
    ranking.add_argument("--items", type=int, default=N_ITEMS)
    ranking.set_defaults(run=evaluation)
    chosen = parser.parse_args()
    chosen.run(chosen)
