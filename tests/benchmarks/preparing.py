"""`prepare` of many interactions: seconds, and the largest memory of its process.

    OMP_NUM_THREADS=1 python tests/benchmarks/preparing.py DIRECTORY [--interactions 20000000]

Writes a csv file of seeded interactions in random order (a user for every hundred of them, half as
many items, whose popularity falls with the rank, exponent 1) into the directory, and prepares it
with the defaults. A file that is there already is used again.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

PER_USER = 100


def write_interactions(path: Path, n: int) -> None:
    """Seeded rows of user, item and timestamp."""
    generator = np.random.default_rng(0)
    n_users = n // PER_USER
    n_items = n_users // 2
    shares = np.cumsum(1 / np.arange(1, n_items + 1))
    ranks = np.searchsorted(shares, generator.random(n) * shares[-1])
    rows = {
        "user": generator.integers(0, n_users, n),
        "item": generator.permutation(n_items)[ranks],
        "timestamp": generator.integers(1_400_000_000, 1_600_000_000, n),
    }
    pd.DataFrame(rows).to_csv(path, index=False)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=Path)
    parser.add_argument("--interactions", type=int, default=20_000_000)
    arguments = parser.parse_args()
    directory = arguments.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    source = directory / f"interactions-{arguments.interactions}.csv"
    if not source.is_file():
        write_interactions(source, arguments.interactions)
    output = directory / f"prepared-{time.time_ns()}"
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "awrsr", "prepare", str(source), str(output)],
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    took = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{arguments.interactions:,} interactions, {source.stat().st_size / 2**20:.0f} MB: "
        f"{took:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of processor time), largest memory "
        f"{used.ru_maxrss / 2**20:.2f} GB"
    )


if __name__ == "__main__":
    main()
