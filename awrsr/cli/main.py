"""The command line: each verb is one function over the library, `python -m awrsr VERB --help`."""

import sys

from awrsr.cli.apps import app
from awrsr.cli.datasets import download, plant, prepare
from awrsr.cli.faithfulness import faithfulness
from awrsr.cli.grids import experiment, report
from awrsr.cli.histories import attribute, recommend, trace
from awrsr.cli.imports import import_
from awrsr.cli.models import evaluate, train
from awrsr.cli.parser import parse
from awrsr.cli.scan import scan
from awrsr.errors import AwrsrError, ConfigError
from awrsr.experiments.jobs import quiet_lightning
from awrsr.io.output import printing, refused_by_system
from awrsr.processes import joined_processes, this_process

VERBS = {
    verb.__name__.rstrip("_"): verb
    for verb in (
        download,
        prepare,
        train,
        evaluate,
        import_,
        recommend,
        trace,
        attribute,
        scan,
        experiment,
        report,
        plant,
        faithfulness,
        app,
    )
}


SHARED = ("train", "evaluate", "scan", "faithfulness")
"""Verbs whose work several processes can share."""


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns 0 on success, 2 if it was refused."""
    quiet_lightning()
    with printing():
        return _run(arguments)


def _run(arguments: list[str] | None) -> int:
    try:
        words = sys.argv[1:] if arguments is None else arguments
        run = parse(VERBS, words)
        with joined_processes():
            if this_process()[1] > 1 and words[0] not in SHARED:
                raise ConfigError(
                    f"{words[0]} runs in one process; torchrun works for {', '.join(SHARED)}"
                )
            run()
        sys.stdout.flush()  # here, where a full disk is one sentence
    except AwrsrError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (OSError, MemoryError, RuntimeError) as error:
        sentence = refused_by_system(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as error:
        print(str(error) or "interrupted", file=sys.stderr)
        return 130
    return 0
