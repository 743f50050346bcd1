"""Files of P5: sequences in the format of S3-Rec, and the ids that their numbers stand for."""

from collections.abc import Mapping
from pathlib import Path

from awrsr.data.readers.base import Raw, Reader, Rows, as_ids
from awrsr.data.readers.json_text import read_json_object
from awrsr.data.readers.looking import Look
from awrsr.data.readers.s3rec import S3Rec
from awrsr.errors import DataError, shown

SEQUENCES, IDS = "sequential_data.txt", "datamaps.json"


class P5(Reader):
    """The sequences of P5 with the ids of their source, so that other files can give titles."""

    name = "p5"
    source = f"P5: a directory with {SEQUENCES} and {IDS}"

    @classmethod
    def recognises(cls, look: Look, given: Mapping[str, str]) -> bool:
        """By the names of its two files."""
        return look.names >= {SEQUENCES, IDS}

    @staticmethod
    def read(source: Path, *, encoding: str | None = None) -> Raw:
        """The interactions of a directory.

        Raises:
            DataError: see `S3Rec.read`; the file of ids lacks a map or a number.
        """
        rows = S3Rec.read(source / SEQUENCES, encoding=encoding).interactions
        maps = read_json_object(source / IDS, encoding)
        frame = rows.frame.copy()
        for column, name in (("user_id", "id2user"), ("item_id", "id2item")):
            ids = maps.get(name)
            if not isinstance(ids, dict) or not all(isinstance(id_, str) for id_ in ids.values()):
                raise DataError(
                    f"{source / IDS}: expected {name!r} as an object of texts; received "
                    f"{shown(ids)}"
                )
            unknown = frame[column].notna() & ~frame[column].isin(ids)
            if unknown.any():
                row = frame.index[unknown][0]
                raise DataError(
                    f"{rows.place} {row}: {shown(frame[column][unknown].iloc[0])} is not in "
                    f"{name!r} of {source / IDS}"
                )
            frame[column] = as_ids(frame[column].map(ids).astype("str"))
        return Raw(Rows(frame, rows.path, rows.kind))
