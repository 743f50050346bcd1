"""Runs per hour of a grid, one run at a time with two threads or one, and two at a time:

    python -m awrsr prepare ../shared/data/s3rec/LastFM.txt runs/lastfm/data --format s3rec \\
        --name LastFM
    python tests/benchmarks/runs_per_hour.py runs/lastfm/data

Four runs of three epochs for each way, twice by default; grid and runs are in a temporary folder.
The load of the machine is printed beside each.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

GRID = """
backbones = ["sasrec"]
refinements = ["none", "additive"]
seeds = [0, 1]
[datasets]
data = '{data}'
[losses]
sampled_ce = {{ negatives = 256 }}
[train]
epochs = 3
batch_size = 128
"""
RUNS = 4
ROOT = Path(__file__).resolve().parents[2]


def seconds(data: Path, jobs: int, threads: int) -> float:
    """Seconds of the grid from a fresh start."""
    with tempfile.TemporaryDirectory() as place:
        grid = Path(place, "grid.toml")
        grid.write_text(GRID.format(data=data.resolve()))
        words = [sys.executable, "-m", "awrsr", "experiment", "grid.toml", "--device", "cpu"]
        start = time.perf_counter()
        subprocess.run(
            [*words, "--jobs", str(jobs)],
            cwd=place,
            check=True,
            capture_output=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)},
        )
        return time.perf_counter() - start


def main(data: Path, rounds: int) -> None:
    """Run every way in turn."""
    for _ in range(rounds):
        for jobs, threads in ((1, 2), (1, 1), (2, 1)):
            took = seconds(data, jobs, threads)
            print(
                f"jobs {jobs}, threads {threads}: {took:.1f} s, {RUNS * 3600 / took:.0f} runs an "
                f"hour, load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2)
