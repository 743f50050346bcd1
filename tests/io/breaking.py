"""Run verbs of the command line in processes that are killed, or get a full disk, at a chosen step
of writing: `python tests/io/breaking.py PLANS`, where PLANS is a JSON file with a list of
arguments of `main`. Each result is written beside that file, as *.found.

The modules are imported once and every run is forked. A step is a point before or after a call that
writes bytes or names to the disk (fsync, replace, unlink, rmdir).
"""

import errno
import importlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

CALLS = ("fsync", "replace", "rename", "unlink", "rmdir")


def forked(work: Callable[[], int]) -> int:
    """The exit code of a child with this work; negative if a signal ended it."""
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = work()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def break_at(step: int | None, mode: str, count: Path) -> None:
    """Count the steps; end this process at a step, or from that step on refuse the first call that
    needs space, like a full disk."""
    done, refused = 0, False

    def advance(before: bool) -> None:
        nonlocal done, refused
        done += 1
        count.write_text(str(done))
        if done == step and mode == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if step and done >= step and mode == "full" and before and not refused:
            refused = True
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def watched(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **settings: object) -> object:
            advance(before=True)
            result = call(*arguments, **settings)
            advance(before=False)
            return result

        return counted

    for name in CALLS:
        setattr(os, name, watched(getattr(os, name)))


def run(
    place: Path, arguments: list[str], step: int | None = None, mode: str = "killed"
) -> tuple[int, int, str]:
    """Run a verb in a directory; its exit code, number of steps, and output."""
    said, count = place.parent / "said", place.parent / "count"
    count.write_text("0")

    def work() -> int:
        from awrsr.cli.main import main

        os.chdir(place)
        with said.open("w") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            break_at(step, mode, count)
            code = main(arguments)
            (place.parent / "modules").write_text("\n".join(sys.modules))
            return code

    code = forked(work)
    return code, int(count.read_text()), said.read_text()


def main(plan: dict) -> list[dict]:
    """Break a verb at steps, start it again, and return how both runs ended.

    Args:
        plan: start, a directory that is copied for every run; first and then, the words of the
            command and of the continuing command; strides, by mode the distance between tested
            steps; settings, names in modules with their values.

    Returns:
        Place, mode, step, codes and output: first of the unbroken run, then of every broken one.
    """
    import torch

    import awrsr.cli.main  # noqa: F401  (so that children need not)

    torch.set_num_threads(1)
    for name, value in plan["settings"].items():
        module, _, attribute = name.rpartition(".")
        setattr(importlib.import_module(module), attribute, value)
    start, work = Path(plan["start"]), Path(plan["work"])

    def fresh(name: str) -> Path:
        (work / name).mkdir(parents=True)
        return Path(shutil.copytree(start, work / name / "place"))

    unbroken = fresh("whole")
    code, steps, said = run(unbroken, plan["first"])
    for name in (unbroken.parent / "modules").read_text().split():
        with suppress(ImportError):  # children need not import these modules again
            importlib.import_module(name)
    found = [{"place": str(unbroken), "codes": [code], "said": said, "steps": steps}]
    for mode, stride in plan["strides"].items():
        for step in range(stride, steps + 1, stride):
            place = fresh(f"{mode}-{step}")
            broken, _, first_said = run(place, plan["first"], step, mode)
            again, _, said = run(place, plan["then"])
            found.append(
                {
                    "place": str(place),
                    "mode": mode,
                    "step": step,
                    "codes": [broken, again],
                    "said": first_said[-500:] + said[-500:],
                }
            )
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    file = Path(sys.argv[1])
    result = [main(plan) for plan in json.loads(file.read_text())]
    file.with_suffix(".found").write_text(json.dumps(result))
