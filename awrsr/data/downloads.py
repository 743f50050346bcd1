"""Public datasets that can be downloaded: their files, checksums and terms, one line each."""

import shutil
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from awrsr.errors import AwrsrError, DataError, check_choice
from awrsr.io.files import make_directory, write_atomically
from awrsr.io.parquet import MAX_EXPANSION
from awrsr.io.progress import progress_bar

GROUPLENS = "https://files.grouplens.org/datasets/movielens"
AMAZON_2014 = "https://snap.stanford.edu/data/amazon/productGraph/categoryFiles"
AMAZON_2023 = "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023"
TIMEOUT = 30
"""Seconds to wait for a server."""
CHUNK = 2**20


@dataclass(frozen=True)
class File:
    """A file on a server.

    Args:
        url: its address; the last part is its name.
        checksum: "md5:..." or "sha256:...", as published; None if it is not known.
        members: the files to unpack, if it is an archive.
    """

    url: str
    checksum: str | None = None
    members: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the file."""
        return PurePosixPath(self.url).name


@dataclass(frozen=True)
class Download:
    """A public dataset.

    Args:
        files: its files.
        terms: a summary of the terms of use, and where to read them in full.
        source: the file in its directory that is prepared; empty for the directory itself.
    """

    files: tuple[File, ...]
    terms: str
    source: str = ""


def _movielens(
    release: str, checksum: str | None, *members: str, readme: str = "html", shared: bool = True
) -> Download:
    redistribution = "redistribution under the same terms" if shared else "no redistribution"
    terms = (
        f"MovieLens data of GroupLens, University of Minnesota: for research, {redistribution}, no "
        "commercial use without permission; publications acknowledge it (Harper and Konstan 2015, "
        f"doi 10.1145/2827872); no warranty. In full: {GROUPLENS}/{release}-README.{readme}"
    )
    return Download((File(f"{GROUPLENS}/{release}.zip", checksum, members),), terms)


def _amazon_2014(category: str) -> Download:
    terms = (
        "Amazon reviews of 1996 to 2014, collected by the group of J. McAuley; publications cite "
        "R. He and J. McAuley, WWW 2016, and J. McAuley et al., SIGIR 2015. Read the page of the "
        "data before use: http://jmcauley.ucsd.edu/data/amazon"
    )
    reviews = f"reviews_{category}_5.json.gz"
    files = (File(f"{AMAZON_2014}/{reviews}"), File(f"{AMAZON_2014}/meta_{category}.json.gz"))
    return Download(files, terms, reviews)


def _amazon_2023(category: str, checksum: str | None) -> Download:
    terms = (
        "Amazon Reviews 2023, collected by the McAuley Lab, UC San Diego; publications cite Hou et "
        "al. 2024, arXiv 2403.03952. Read the page of the data before use: "
        "https://amazon-reviews-2023.github.io"
    )
    ratings = f"{category}.csv.gz"
    files = (
        File(f"{AMAZON_2023}/benchmark/0core/rating_only/{ratings}", checksum),
        File(f"{AMAZON_2023}/raw/meta_categories/meta_{category}.jsonl.gz"),
    )
    return Download(files, terms, ratings)


DAT, CSV = ("ratings.dat", "movies.dat"), ("ratings.csv", "movies.csv")
DOWNLOADS: dict[str, Download] = {
    "ml-100k": _movielens(
        "ml-100k",
        "md5:0e33842e24a9c977be4e0107933c0723",
        *("u.data", "u.item"),
        readme="txt",
        shared=False,
    ),
    "ml-1m": _movielens(
        "ml-1m", "md5:c4d9eecfca2ab87c1945afe126590906", *DAT, readme="txt", shared=False
    ),
    "ml-10m": _movielens("ml-10m", "md5:ce571fd55effeba0271552578f2648bd", *DAT, shared=False),
    "ml-20m": _movielens("ml-20m", "md5:cd245b17a1ae2cc31bb14903e1204af3", *CSV),
    "ml-25m": _movielens("ml-25m", "md5:6b51fb2759a8657d3bfcbfc42b592ada", *CSV),
    "ml-32m": _movielens("ml-32m", "md5:d472be332d4daa821edc399621853b57", *CSV),
    "ml-latest-small": _movielens("ml-latest-small", None, *CSV),
    "amazon-2014-beauty": _amazon_2014("Beauty"),
    "amazon-2014-sports": _amazon_2014("Sports_and_Outdoors"),
    "amazon-2014-toys": _amazon_2014("Toys_and_Games"),
    "amazon-2014-video-games": _amazon_2014("Video_Games"),
    "amazon-2023-baby": _amazon_2023("Baby_Products", "md5:644025598b2e4eb6dc69b55a7f23c8ae"),
    "amazon-2023-beauty": _amazon_2023(
        "Beauty_and_Personal_Care", "md5:6b9dfce7fca70dd05e1bcf77c1953c40"
    ),
    "amazon-2023-music": _amazon_2023("Digital_Music", "md5:592aaf8554ad1fec842edee82ba4d9e6"),
    "amazon-2023-sports": _amazon_2023(
        "Sports_and_Outdoors", "md5:75e1dfbb3b3014fab914832b734922e6"
    ),
    "amazon-2023-toys": _amazon_2023("Toys_and_Games", "md5:542250672811854e9803d90b1f52cc14"),
    "amazon-2023-video-games": _amazon_2023("Video_Games", "md5:60fdc3e812de871c30d65722e9a91a0a"),
}
"""All datasets by name. A checksum was published by the publisher or by several users of the file;
ml-latest-small has none because it changes."""


def find_download(name: str) -> Download:
    """The dataset of this name.

    Raises:
        ConfigError: no such dataset; the message lists all.
    """
    check_choice("public dataset", name, DOWNLOADS)
    return DOWNLOADS[name]


def fetch(download: Download, output: Path) -> Path:
    """Download the files of a dataset into a directory, which is created.

    A complete file that exists is not downloaded again, and an incomplete one never gets its name.
    The members of an archive are written beside it, and the archive is kept.

    Returns:
        The source to prepare: the directory, or a file in it.

    Raises:
        DataError: there is no connection, the server refuses, a file has another checksum or an
            archive lacks a member.
        AwrsrError: a file could not be written.
    """
    make_directory(output)
    for file in download.files:
        archive = _fetch_file(file, output)
        if file.members:
            _unpack(archive, file.members, output)
    return output / download.source


def _fetch_file(file: File, output: Path) -> Path:
    import pooch
    import requests

    pooch.get_logger().setLevel("WARNING")
    bar = progress_bar(1, "B")  # pooch sets the total and cannot use a bar without one
    bar.unit_scale = True
    bar.set_description(file.name, refresh=False)
    downloader = pooch.HTTPDownloader(progressbar=bar, timeout=TIMEOUT, chunk_size=CHUNK)
    advice = f"a file downloaded in another way is accepted as {output / file.name}"
    try:
        return Path(
            pooch.retrieve(
                file.url, file.checksum, fname=file.name, path=output, downloader=downloader
            )
        )
    except requests.exceptions.HTTPError as error:
        raise DataError(f"the server answers {error}; {advice}") from error
    except requests.exceptions.RequestException as error:
        host = PurePosixPath(file.url).parts[1]
        raise DataError(
            f"could not download {file.url}: no connection to {host}, or it broke; check the "
            f"network and start again; {advice}"
        ) from error
    except ValueError as error:  # the checksum; pooch has deleted what it received
        raise DataError(
            f"{file.url} has another checksum than {file.checksum}: the file has changed or was "
            "damaged on the way; nothing was kept"
        ) from error
    except OSError as error:
        raise AwrsrError(f"could not write {output / file.name}: {error.strerror}") from error
    finally:
        bar.close()


def _unpack(archive: Path, members: tuple[str, ...], output: Path) -> None:
    """Write members of a zip archive into a directory, whatever folder they are in."""
    try:
        accepted = MAX_EXPANSION * archive.stat().st_size
        with zipfile.ZipFile(archive) as packed:
            found = {PurePosixPath(each.filename).name: each for each in packed.infolist()}
            for name in members:
                if name not in found:
                    raise DataError(f"{archive} lacks {name}; it has {', '.join(found)}")
                if found[name].file_size > accepted:
                    raise DataError(
                        f"{archive}: {name} has {found[name].file_size:,} bytes; accepted: at most "
                        f"{accepted:,}, {MAX_EXPANSION} times the size of the archive"
                    )
                write_atomically(output / name, partial(_extract, packed, found[name]))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{archive} is not a readable zip archive: {error}") from error


def _extract(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> None:
    with archive.open(member) as source, path.open("wb") as target:
        shutil.copyfileobj(source, target, CHUNK)
