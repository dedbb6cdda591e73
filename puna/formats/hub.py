"""Models by name out of the cache that Hugging Face's tools keep: `hf://org/name`.

A cache holds, for every repository, snapshots of it by commit; `hf download` fills it. Puna looks there and nowhere else: it never calls the network,
so the same name gives the same bytes on a train and on a cluster's node, or one line that says what to fetch.

    hf://org/name            the snapshot that the branch `main` pointed to when it was fetched
    hf://org/name@REVISION   another branch, tag or commit
    hf://org/name/original   a directory inside it: Meta's own files, in Meta's repositories
"""

from __future__ import annotations

import re
from pathlib import Path

from puna.errors import FormatError

SCHEME = "hf://"
_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_NAME = re.compile(rf"(?P<repo>{_PART}/{_PART})(?:@(?P<revision>{_PART}))?(?P<inside>(?:/{_PART})*)")


def model_path(given: Path | str) -> Path:
    """Return the directory that `given` means: itself, or for `hf://org/name` its snapshot in the cache. Raises `FormatError`; reads no network."""
    # A Path keeps one of two slashes.
    text = re.sub(r"^hf:/+", SCHEME, str(given))
    if not text.startswith(SCHEME):
        return Path(given)
    parts = _NAME.fullmatch(text.removeprefix(SCHEME).rstrip("/"))
    if parts is None:
        raise FormatError(
            f"{text}: not a name in a Hub cache; write it as hf://org/name, hf://org/name@revision or hf://org/name/directory"
        )
    return _snapshot(text, parts["repo"], parts["revision"]) / parts["inside"].lstrip("/")


def _snapshot(text: str, repo: str, revision: str | None) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError
    except ImportError:
        raise FormatError(f"{text}: names a model in a Hub cache, which needs huggingface_hub; pip install huggingface_hub") from None
    try:
        return Path(snapshot_download(repo, revision=revision, local_files_only=True))
    except (LocalEntryNotFoundError, FileNotFoundError):
        from huggingface_hub.constants import HF_HUB_CACHE

        wanted = f"{repo} --revision {revision}" if revision else repo
        raise FormatError(f"{text}: not in the cache {HF_HUB_CACHE}, and Puna fetches nothing; run: hf download {wanted}") from None
    except (HFValidationError, OSError, ValueError) as error:
        raise FormatError(f"{text}: cannot be found in the cache ({' '.join(str(error).split())[:200]})") from None
