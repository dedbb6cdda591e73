"""Encoding speed beside tiktoken's and tokenizers', on text that the process has not seen, with equal ids.

gigatoken remembers every word that it has met, and the second reading of a text is several times as fast as the first. So every figure comes from a process of its own
that reads each text once: Llama 3's vocabulary, English of several kinds in documents of some 2,000 characters, lists of Python integers on both sides. The sides take
turns, round by round, and a ratio is the median of the rounds' ratios.

- *one*: a loop over the documents, one call each: `Tokenizer.encode` beside tiktoken's `encode_ordinary`.
- *bulk*: all documents at once: `Tokenizer.encode_batch` beside the faster of tiktoken's `encode_ordinary_batch` and its loop, in each round.
- *long*: texts of sixteen million characters and a megabyte of one character, with both libraries that Puna can use; ids equal
  tiktoken's, but for the spaces, on which it panics (there each library is the other's reference).

The last line is one JSON object; figures over 1 are in our favour. Needs the shared data (`PUNA_TEST_DATA`, else `../shared/data`), tiktoken and gigatoken.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import importlib.util
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEXTS = ("gsm8k_train.jsonl", "wikitext2_test.txt", "wikitext2_valid.txt", "tinyshakespeare.txt", "gsm8k_test.jsonl")
DOCUMENT_CHARACTERS = 2_000
SIDES = {"one": ("puna", "tiktoken", "tokenizers"), "bulk": ("puna", "tiktoken", "tiktoken-batch", "tokenizers")}
TIKTOKEN_PANICS = "16M_spaces"
LONG: dict[str, Callable[[], str]] = {
    "16M_characters_of_words": lambda: "The llama looked at the puna. " * (16_000_000 // 30),
    "16M_spaces": lambda: " " * 16_000_000,
    "16M_letters_in_one_piece": lambda: "".join(random.Random(0).choices("abcdefghijklmnopqrstuvwxyz", k=16_000_000)),
    "1M_of_one_letter": lambda: "a" * 1_000_000,
    "1M_NULs": lambda: "\0" * 1_000_000,
}


def data_folder() -> Path:
    return Path(os.environ.get("PUNA_TEST_DATA") or Path(__file__).parents[2] / "shared" / "data")


def documents() -> list[str]:
    """Return the texts cut at line ends into documents."""
    found: list[str] = []
    for name in TEXTS:
        lines = (data_folder() / name).read_text().splitlines(keepends=True)
        if name.endswith(".jsonl"):
            lines = ["{question}\n{answer}\n\n".format(**json.loads(line)) for line in lines]
        document = ""
        for line in lines:
            document += line
            if len(document) >= DOCUMENT_CHARACTERS:
                found.append(document)
                document = ""
        found.append(document)
    return found


def encoder_of(side: str, mode: str) -> Callable[[list[str]], list[list[int]]]:
    """Return what turns documents into lists of ids, ready for use."""
    if side.startswith("tiktoken"):
        import tiktoken

        from puna.tokens.bytelevel import LLAMA3_PATTERN

        lines = (data_folder() / "llama3_tokenizer.model").read_bytes().splitlines()
        ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
        encoding = tiktoken.Encoding("llama3", pat_str=LLAMA3_PATTERN, mergeable_ranks=ranks, special_tokens={})
        if side == "tiktoken-batch":
            return lambda texts: encoding.encode_ordinary_batch(texts, num_threads=os.cpu_count() or 1)
        return lambda texts: [encoding.encode_ordinary(text) for text in texts]
    from puna.tokens import Tokenizer

    tokenizer = Tokenizer.load(data_folder() / "llama3_tokenizer.model", library="tokenizers" if side == "tokenizers" else "gigatoken")
    return tokenizer.encode_batch if mode == "bulk" else lambda texts: [tokenizer.encode(text) for text in texts]


def work(side: str, mode: str) -> dict[str, Any]:
    """Encode every document once and return the seconds, and a hash of all ids."""
    texts = documents()
    encode = encoder_of(side, mode)
    encode(["."])
    began = time.perf_counter()
    ids = encode(texts)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "bytes": sum(len(text.encode()) for text in texts),
        "hash": hashlib.sha256(json.dumps(ids).encode()).hexdigest(),
    }


def work_long(library: str, case: str) -> dict[str, Any]:
    """Encode one long text and return the seconds, how many bytes the process grew, ids included, and a hash of the ids."""
    encode = encoder_of(library, "one")
    encode(["."])
    text = LONG[case]()
    before = peak_bytes()
    began = time.perf_counter()
    (ids,) = encode([text])
    seconds = time.perf_counter() - began
    grown = peak_bytes() - before
    return {"seconds": seconds, "grown": grown, "tokens": len(ids), "hash": hashlib.sha256(array("I", ids).tobytes()).hexdigest()}


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measured(*words: str) -> dict[str, Any]:
    """Run one measurement in a fresh process."""
    done = subprocess.run([sys.executable, __file__, "--measure", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"the measurement {' '.join(words)} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def compare(mode: str, rounds: int) -> tuple[dict[str, float], set[str]]:
    """Return (the figures of one mode, the hashes of all sides' ids)."""
    taken: dict[str, list[float]] = {side: [] for side in SIDES[mode]}
    hashes: set[str] = set()
    size = 0
    for _ in range(rounds):
        for side in SIDES[mode]:
            answer = measured(mode, side)
            taken[side].append(answer["seconds"])
            hashes.add(answer["hash"])
            size = answer["bytes"]
    peers = [min(seconds) for seconds in zip(*(taken[side] for side in SIDES[mode] if side.startswith("tiktoken")), strict=True)]
    ratios = sorted(peer / own for peer, own in zip(peers, taken["puna"], strict=True))
    speed = {side: size / statistics.median(seconds) / 1e6 for side, seconds in taken.items()}
    shown = ", ".join(f"{side} {value:.1f}" for side, value in speed.items())
    print(f"{mode}: MB/s {shown}; ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})", flush=True)
    figures = {f"encode_{mode}_vs_tiktoken": statistics.median(ratios)}
    return figures | {f"encode_{mode}_mb_per_s_{side.replace('-', '_')}": value for side, value in speed.items()}, hashes


def long_texts() -> tuple[dict[str, float], bool]:
    """Return (the seconds of each case and library, whether all libraries gave equal ids in every case)."""
    found: dict[str, float] = {}
    all_equal = True
    for case in LONG:
        hashes = set()
        for library in ("gigatoken", "tokenizers", "tiktoken"):
            if library == "tiktoken" and case == TIKTOKEN_PANICS:
                continue
            answer = measured("long", library, case)
            hashes.add(answer["hash"])
            found[f"seconds_{case}_{library}"] = answer["seconds"]
            print(
                f"{case:26} {library:10} {answer['seconds']:6.2f} s, {answer['tokens']:,} tokens, {answer['grown'] / 1e6:.0f} MB more memory, "
                f"ids {'equal' if len(hashes) == 1 else 'DIFFERENT'}", flush=True,
            )  # fmt: skip
        all_equal &= len(hashes) == 1
    return found, all_equal


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each side")
    parser.add_argument("--only", choices=("one", "bulk", "long"), help="run one part")
    parser.add_argument("--measure", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        mode, side, *case = args.measure
        print(json.dumps(work_long(side, *case) if mode == "long" else work(side, mode)))
        return
    missing = [name for name in ("llama3_tokenizer.model", *TEXTS) if not (data_folder() / name).exists()]
    missing += [name for name in ("tiktoken", "gigatoken") if importlib.util.find_spec(name) is None]
    if missing:
        sys.exit(
            f"the tokenizer benchmark needs {', '.join(missing)} (data in {data_folder()} or PUNA_TEST_DATA; tiktoken and gigatoken installed)"
        )
    found: dict[str, Any] = {}
    hashes: set[str] = set()
    for mode in ("one", "bulk"):
        if args.only in (None, mode):
            figures, ids = compare(mode, args.rounds)
            found |= figures
            hashes |= ids
    equal = [len(hashes) <= 1]
    if args.only in (None, "long"):
        figures, long_equal = long_texts()
        found |= figures
        equal.append(long_equal)
    rounded = {name: round(value, 3) for name, value in found.items()}
    print(json.dumps({**rounded, "ids_equal": all(equal)}))


if __name__ == "__main__":
    main()
