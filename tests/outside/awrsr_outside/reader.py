"""A reader: lines of JSON."""

import json

import pandas as pd

from awrsr.data.readers import Raw, Reader, Rows


class JsonLines(Reader):
    """A file of lines {"who": ..., "what": ..., "when": ...}."""

    name = "json_lines"
    source = "a file of JSON objects, one a line, with who, what and when"

    @staticmethod
    def read(source, *, encoding="utf-8"):
        """The interactions of the file."""
        lines = source.read_text(encoding=encoding).splitlines()
        rows = [json.loads(line) for line in lines]
        frame = pd.DataFrame(
            {
                "user_id": [str(row["who"]) for row in rows],
                "item_id": [str(row["what"]) for row in rows],
                "timestamp": [row["when"] for row in rows],
            },
            index=range(1, len(rows) + 1),
        )
        return Raw(Rows(frame, source, "line"))
