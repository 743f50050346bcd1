"""What a start does not import: slow libraries that most pages and verbs do not use."""

import subprocess
import sys

from helpers import EMBEDDED, ROOT

START = """
import sys, awrsr, awrsr.board, awrsr.figures, app.shell
awrsr.load_model(sys.argv[1], "cpu")
print(sorted({"captum", "matplotlib", "torch._dynamo"} & sys.modules.keys()))
"""


def test_loading_a_model_imports_neither_captum_nor_matplotlib_nor_a_compiler():
    words = [sys.executable, "-c", START, str(EMBEDDED / "models" / "sasrec-none")]
    found = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"
