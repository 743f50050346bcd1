"""Many people at once: seconds to an answer, wrong values, refusals, and the server's memory.

    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/people.py [TREE ...] [--people 32]
    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/people.py --people 8 --histories 2000

Everybody opens the page of Inspect of a user at the same moment, in a session of their own without
a browser, and waits until the server has sent the whole page; then all open the page of another
user. An answer is wrong if the ranks in its summary are not those that the library computes here.
The app of this tree and those of other trees (checkouts of the repository) take turns; their
summaries may differ, so their values are not compared. With --histories, people go on until so many
histories have been opened, and the memory of the server is printed on the way. Everything shares
the machine.
"""

import argparse
import asyncio
import os
import re
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

from arrival import EMBEDDED, ROOT, server
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

import awrsr
from awrsr.data.batching import history_and_target
from awrsr.ranking.recommendation import Ranking, trace

TIMEOUT = 300
MODELS = ("sasrec-none", "sasrec-additive")
SUMMARY = re.compile(r"rank in A \*\*([\d,]+)\*\*, in B \*\*([\d,]+)\*\*")


async def answer(address: str, user: str) -> tuple[float, str]:
    """Open the page of a user in a session of its own: seconds until it is sent, and its texts."""
    request = BackMsg()
    request.rerun_script.query_string = f"dataset={EMBEDDED}&user={user}"
    texts = []
    start = time.perf_counter()
    stream = address.replace("http", "ws") + "/_stcore/stream"
    async with connect(stream, subprotocols=["streamlit"], max_size=None) as socket:
        await socket.send(request.SerializeToString())
        async for message in socket:
            received = ForwardMsg.FromString(message)
            if received.WhichOneof("type") == "script_finished":
                return time.perf_counter() - start, "\n".join(texts)
            texts.append(received.delta.new_element.markdown.body)
    raise ConnectionError(f"the server closed the session of user {user}")


async def at_once(address: str, users: list[str]) -> list[tuple[float, str] | BaseException]:
    """The answers to all of these users at once; an exception in place of a missing one."""
    waiting = (asyncio.wait_for(answer(address, user), TIMEOUT) for user in users)
    return await asyncio.gather(*waiting, return_exceptions=True)


def ranks_of(users: list[str]) -> dict[str, tuple[int, ...]]:
    """The target's ranks in both models, by the library."""
    directory = ROOT / "assets" / EMBEDDED
    dataset = awrsr.load_dataset(directory)
    models = [awrsr.load_model(directory / "models" / name) for name in MODELS]
    found = {}
    for user in users:
        items, target = history_and_target(dataset, dataset.user_index(user), "test")
        history = items.tolist()
        rankings = (Ranking(trace(model, history).item_scores, history) for model in models)
        found[user] = tuple(ranking.rank_of(target) for ranking in rankings)
    return found


def is_wrong(text: str, ranks: tuple[int, ...]) -> bool:
    """Whether the summary has other ranks."""
    shown = SUMMARY.search(text.replace("\u00a0", " "))
    return shown is None or tuple(int(rank.replace(",", "")) for rank in shown.groups()) != ranks


def memory_of(process: int) -> float:
    """The memory of a process, in GB; Linux alone."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 2**20 if found else float("nan")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trees", nargs="*", type=Path, help="other checkouts")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--histories", type=int, default=0)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    people = arguments.people
    rounds = max(arguments.rounds, -(-arguments.histories // people))
    all_users = awrsr.load_dataset(ROOT / "assets" / EMBEDDED).user_ids
    users = [all_users[number % len(all_users)] for number in range(people * rounds)]
    expected = ranks_of(sorted({*users}))
    names = ["this tree", *map(str, arguments.trees)]
    with ExitStack() as stack:
        servers = {}
        for name in names:
            tree = ROOT if name == "this tree" else Path(name).resolve()
            servers[name] = stack.enter_context(server(tree / "app" / "main.py"))
            asyncio.run(answer(servers[name].address, all_users[-1]))  # fills the server's caches
        seconds: dict[str, list[float]] = {name: [] for name in names}
        refused, wrong = dict.fromkeys(names, 0), 0
        for number in range(rounds):
            chosen = users[number * people : (number + 1) * people]
            for name in names:
                answers = asyncio.run(at_once(servers[name].address, chosen))
                for user, found in zip(chosen, answers, strict=True):
                    if isinstance(found, BaseException):
                        refused[name] += 1
                        continue
                    seconds[name].append(found[0])
                    wrong += name == "this tree" and is_wrong(found[1], expected[user])
                if arguments.histories and number % max(1, rounds // 8) == 0:
                    opened = (number + 1) * people
                    print(
                        f"{opened} histories: {memory_of(servers[name].process):.2f} GB", flush=True
                    )
        for name in names:
            times = sorted(seconds[name])
            late = times[int(0.95 * (len(times) - 1))]
            print(
                f"{name}: {people} people at once, {rounds} rounds: median "
                f"{statistics.median(times):.2f} s, 95% within {late:.2f} s, largest "
                f"{times[-1]:.2f} s, {refused[name]} without an answer, memory "
                f"{memory_of(servers[name].process):.2f} GB"
            )
        print(f"this tree: {wrong} wrong answers of {len(seconds['this tree'])}")


if __name__ == "__main__":
    main()
