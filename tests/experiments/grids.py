"""A tiny grid, the records of the repository, and helpers for files."""

from pathlib import Path

from helpers import ROOT

EXPERIMENTS = ROOT / "experiments"
TINY = """
title = "Tiny"
backbones = ["sasrec"]
refinements = ["none", "additive"]
seeds = [0, 1]

[datasets]
tiny = "tiny"

[losses]
ce = {}

[model]
max_length = 8
hidden_size = 8
inner_size = 16

[train]
epochs = 3
learning_rate = 0.02
"""
RECORDED = sorted(file for file in EXPERIMENTS.glob("*.toml") if file.with_suffix("").is_dir())
NAMES = [f"tiny-sasrec-{kind}-ce-seed{seed}" for seed in (0, 1) for kind in ("none", "additive")]


def times(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
