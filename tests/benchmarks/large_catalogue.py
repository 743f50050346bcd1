"""Large catalogues: time per position of both optimizers, memory of `ce`, time of evaluation, and a
directory to open in the app.

    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/large_catalogue.py steps
    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/large_catalogue.py ce
    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/large_catalogue.py evaluation
    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/large_catalogue.py search
    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/large_catalogue.py ranking
    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/large_catalogue.py dataset DIRECTORY

`steps` trains SASRec under sampled_ce on seeded datasets of 12,000 and of 234,000 items, with the
same sequence lengths and a popularity that falls with the rank (exponent 1), by AdamW and by lazy
Adam. A round takes one step of each in turn; the median over rounds is printed, so that a change of
the machine's load falls on all. `ce` takes steps of the full softmax with 1,000,000 items in a
process of its own, and prints the time and the largest memory of that process; `evaluation` does so
for the evaluation of some users. `search` prints the time of the first search, which makes the
index of words, and of others by what is typed. `ranking` ranks the catalogue for a history, with a
running top k and by a full sort, in turn. `dataset` writes a dataset with two untrained models
and titles of made-up words, some of them shared by several items.
"""

import argparse
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from awrsr.config import Catalogue, ModelConfig, TrainConfig
from awrsr.data.batching import Unseen
from awrsr.data.dataset import Dataset
from awrsr.data.dataset_files import save_dataset
from awrsr.data.windows import bucketed, training_batches, training_windows
from awrsr.models import SequentialModel, build_model
from awrsr.ranking.evaluation import evaluate
from awrsr.ranking.recommendation import Ranking
from awrsr.training.checkpoint import save_config, save_weights
from awrsr.training.epoch import Objective
from awrsr.training.optimizers import build_optimizer, total_norm

N_USERS = 4_000
WORDS = 50_000


def seeded_dataset(
    n_items: int, seed: int = 0, *, n_users: int = N_USERS, mean: int = 40
) -> Dataset:
    """Users with 5 items to five times the mean; popularity falls as 1 / rank."""
    generator = np.random.default_rng(seed)
    lengths = np.clip(generator.geometric(1 / mean, n_users), 5, 5 * mean)
    shares = np.cumsum(1 / np.arange(1, n_items + 1))
    ranks = np.searchsorted(shares, generator.random(lengths.sum()) * shares[-1])
    items = generator.permutation(n_items)[ranks] + 1
    names = [str(item) for item in range(1, n_items + 1)]
    return Dataset(
        name=f"seeded-{n_items}",
        about={"source": "made by tests/benchmarks/large_catalogue.py"},
        items=pd.DataFrame(
            {"item": range(1, n_items + 1), "item_id": names, "title": names},
        ),
        user_ids=[str(user) for user in range(n_users)],
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        flat_items=items.astype(np.int32),
        flat_timestamps=np.arange(lengths.sum(), dtype=np.int64),
    )


def seeded_titles(n_items: int, seed: int = 0) -> list[str]:
    """Titles of two to five words; the frequency of a word falls as 1 / rank."""
    generator = np.random.default_rng(seed)
    syllables = [first + vowel for first in "bcdfghklmnprstvz" for vowel in "aeiou"]
    words = ["".join(generator.choice(syllables, n)).capitalize() for n in 1 + np.arange(WORDS) % 4]
    shares = np.cumsum(1 / np.arange(1, WORDS + 1))
    lengths = generator.integers(2, 6, n_items)
    chosen = np.searchsorted(shares, generator.random(lengths.sum()) * shares[-1])
    ends = np.cumsum(lengths)
    return [
        " ".join(words[word] for word in chosen[end - length : end])
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def stepper(
    model: SequentialModel, dataset: Dataset, config: TrainConfig
) -> Callable[[torch.Tensor, torch.Tensor], tuple[float, float]]:
    """A function that trains a model by a batch of items and users: its loss and its seconds."""
    optimizer = build_optimizer(model.train(), config)
    objective = Objective(model, config, Unseen(dataset, torch.device("cpu")))

    def step(items: torch.Tensor, users: torch.Tensor) -> tuple[float, float]:
        start = time.perf_counter()
        loss = objective(items, users)
        optimizer.zero_grad()
        loss.backward()
        total_norm(model)
        optimizer.step()
        return float(loss.detach()), time.perf_counter() - start

    return step


def stepping(model_of: ModelConfig, dataset: Dataset, config: TrainConfig) -> Callable[[], float]:
    """A function that takes the next step of training and gives its seconds per position."""
    torch.manual_seed(0)
    model = build_model(model_of, dataset.catalogue, config.initial_weights)
    take_step = stepper(model, dataset, config)
    generator = np.random.default_rng(0)
    windows = training_windows(dataset, model_of.max_length, generator)
    order = [
        batch
        for _ in range(20)
        for batch in bucketed(windows.lengths, config.batch_size, generator)
    ]
    batches = training_batches(torch.from_numpy(dataset.flat_items), windows, order)

    def step() -> float:
        items, users, positions = next(batches)
        return take_step(items, users)[1] / positions

    return step


def steps(options: argparse.Namespace) -> None:
    """Print microseconds per position of each optimizer and catalogue."""
    sizes = (12_000, 234_000)
    ways = {}
    for n_items in sizes:
        dataset = seeded_dataset(n_items)
        for optimizer in ("adamw", "lazy_adam"):
            config = TrainConfig(
                loss="sampled_ce",
                optimizer=optimizer,
                batch_size=options.batch_size,
                negatives=options.negatives,
            )
            model = ModelConfig(backbone=options.backbone)
            ways[optimizer, n_items] = stepping(model, dataset, config)
    took: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way, step in ways.items():
            took[way].append(step())
    first = options.rounds // 10 + 1  # moments are made in the first step
    medians = {way: statistics.median(times[first:]) for way, times in took.items()}
    for optimizer in ("adamw", "lazy_adam"):
        small, large = (medians[optimizer, n_items] for n_items in sizes)
        print(
            f"{options.backbone}, {optimizer}, {options.batch_size} x {options.negatives} "
            f"negatives: {1e6 * small:.1f} us per position with {sizes[0]:,} items, "
            f"{1e6 * large:.1f} with {sizes[1]:,}; ratio {large / small:.2f}, "
            f"to adamw with {sizes[0]:,}: {large / medians['adamw', sizes[0]]:.2f}"
        )


def full_softmax(options: argparse.Namespace) -> None:
    """Print the seconds of a step of `ce` and the largest memory of this process so far."""
    torch.manual_seed(0)
    catalogue = Catalogue(name="seeded", fingerprint="0" * 16, n_items=options.items)
    config = TrainConfig(loss="ce", batch_size=128)
    model = build_model(ModelConfig(backbone=options.backbone), catalogue)
    take_step = stepper(model, seeded_dataset(100), config)
    for number in range(1, options.rounds + 1):
        windows = torch.randint(1, options.items + 1, (128, 51))
        loss, took = take_step(windows, torch.arange(128))
        print(
            f"{options.backbone}, ce, {options.items:,} items, 128 x 50 positions, step {number}: "
            f"loss {loss:.4f}, {took:.1f} s, largest memory {largest_memory():.2f} GB",
            flush=True,
        )


def largest_memory() -> float:
    """The largest memory of this process so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def evaluation(options: argparse.Namespace) -> None:
    """Print the seconds per user of an evaluation, and the largest memory of this process."""
    dataset = seeded_dataset(options.items)
    places = slice(0, options.users)
    few = replace(
        dataset,
        user_ids=dataset.user_ids[places],
        offsets=dataset.offsets[: options.users + 1],
        flat_items=dataset.flat_items[: dataset.offsets[options.users]],
        flat_timestamps=None,
    )
    model = build_model(ModelConfig(backbone=options.backbone), few.catalogue).eval()
    before, start = largest_memory(), time.perf_counter()
    evaluate(model, few, "test", candidates="all")
    took = time.perf_counter() - start
    print(
        f"{options.backbone}, evaluation, {options.items:,} items, {options.users} users: "
        f"{1e3 * took / options.users:.0f} ms per user, largest memory {before:.2f} GB before, "
        f"{largest_memory():.2f} GB after"
    )


def search(options: argparse.Namespace) -> None:
    """Print the milliseconds of searches, by what is typed."""
    made = seeded_dataset(options.items)
    dataset = replace(made, items=made.items.assign(title=seeded_titles(options.items)))
    titles = dataset.titles(np.random.default_rng(1).integers(1, options.items, 60).tolist())
    before, start = largest_memory(), time.perf_counter()
    dataset.search("first")
    print(
        f"search among {options.items:,} items: {time.perf_counter() - start:.2f} s for the first, "
        f"largest memory {before:.2f} GB before, {largest_memory():.2f} GB after"
    )
    typed = {
        "one letter": [title[:1] for title in titles],
        "three letters": [title[:3] for title in titles],
        "a word": [title.split()[0] for title in titles],
        "a title": [title.split(" [")[0] for title in titles],
        "a title with a wrong letter": [f"{title[:2]}x{title[3:]}" for title in titles],
        "nonsense": [f"qqxq{n} xyz" for n in range(60)],
    }
    for what, texts in typed.items():
        took = []
        for text in texts:
            start = time.perf_counter()
            dataset.search(text)
            took.append(1e3 * (time.perf_counter() - start))
        print(f"{what}: median {statistics.median(took):.0f} ms, at most {max(took):.0f} ms")


def ranking(options: argparse.Namespace) -> None:
    """Print the milliseconds of the best 50 items and four ranks, and those of a full sort."""
    generator = torch.Generator().manual_seed(0)
    took: dict[str, list[float]] = {"running top k": [], "full sort": []}
    for _ in range(options.rounds):
        scores = torch.randn(options.items, generator=generator)
        for way, times in took.items():
            start = time.perf_counter()
            ranked = Ranking(scores, range(1, 51))
            ranked.best(50) if way == "running top k" else ranked.table.head(50)
            for item in range(1, options.items, options.items // 4):
                ranked.rank_of(item)
            times.append(1e3 * (time.perf_counter() - start))
    fast, full = map(statistics.median, took.values())
    print(
        f"{options.items:,} items: {fast:.1f} ms for the best 50 items and four ranks, {full:.1f} "
        f"by a full sort; ratio {full / fast:.1f}"
    )


def write_dataset(options: argparse.Namespace) -> None:
    """Write a dataset directory with two untrained models."""
    made = seeded_dataset(options.items, n_users=options.users, mean=options.mean)
    titles = seeded_titles(options.items)
    dataset = replace(made, name=options.directory.name, items=made.items.assign(title=titles))
    save_dataset(dataset, options.directory)
    for refinement in ("none", "additive"):
        config = ModelConfig(refinement=refinement)
        directory = options.directory / "models" / f"sasrec-{refinement}"
        directory.mkdir(parents=True)
        torch.manual_seed(0)
        save_config(directory, config, dataset.catalogue, TrainConfig())
        save_weights(directory, build_model(config, dataset.catalogue))
    print(dataset)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(required=True)
    trial = verbs.add_parser("steps")
    trial.add_argument("--batch_size", type=int, default=256)
    trial.add_argument("--negatives", type=int, default=256)
    trial.add_argument("--rounds", type=int, default=30)
    trial.set_defaults(run=steps)
    memory = verbs.add_parser("ce")
    memory.add_argument("--items", type=int, default=1_000_000)
    memory.add_argument("--rounds", type=int, default=2)
    memory.set_defaults(run=full_softmax)
    evaluating = verbs.add_parser("evaluation")
    evaluating.add_argument("--items", type=int, default=1_000_000)
    evaluating.add_argument("--users", type=int, default=40)
    evaluating.set_defaults(run=evaluation)
    searching = verbs.add_parser("search")
    searching.add_argument("--items", type=int, default=1_000_000)
    searching.set_defaults(run=search)
    sorting = verbs.add_parser("ranking")
    sorting.add_argument("--items", type=int, default=234_000)
    sorting.add_argument("--rounds", type=int, default=21)
    sorting.set_defaults(run=ranking)
    writing = verbs.add_parser("dataset")
    writing.add_argument("directory", type=Path)
    writing.add_argument("--items", type=int, default=234_000)
    writing.add_argument("--users", type=int, default=40_000)
    writing.add_argument("--mean", type=int, default=75, help="items of a user")
    writing.set_defaults(run=write_dataset)
    for verb in (trial, memory, evaluating):
        verb.add_argument("--backbone", default="sasrec")
    chosen = parser.parse_args()
    chosen.run(chosen)
