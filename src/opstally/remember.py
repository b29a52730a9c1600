"""What was built from files before, kept in the user's cache folder until one of the files changes.

Only speed hangs on it: what is missing, unreadable or out of date there is built again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

from opstally import __version__

T = TypeVar("T")

_OURS: Final = Path(__file__).parent
_TRUSTED: Final = ("opstally.model.", "opstally.library", "opstally.errors")


def remembered(name: str, files: Iterable[Path], build: Callable[[], T]) -> T:
    """What `build` made of these files when they last were as they are now, else what it makes of them.

    A file counts as unchanged while its path, size and time of change are the same; so does the code that reads it.
    """
    key = _key(files)
    folder = _folder()
    place = folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.pickle"
    with contextlib.suppress(Exception):  # whatever is wrong with it, it can be built again
        known, value = _Unpickler(io.BytesIO(place.read_bytes())).load()
        if known == key:
            found: T = value
            return found
    built = build()
    with contextlib.suppress(OSError):
        _write(folder, place, pickle.dumps((key, built)))
    return built


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(home, "opstally")


def _key(files: Iterable[Path]) -> str:
    digest = hashlib.sha256(f"{__version__} {sys.version}".encode())
    code = [*(_OURS / "model").glob("*.py"), _OURS / "validate.py", _OURS / "library.py", _OURS / "yamlfile.py"]
    for path in (*sorted(code), *files):
        state = path.stat()
        digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _write(folder: Path, place: Path, data: bytes) -> None:
    """Replace the file at once, so that no other process reads half of it."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, place)
    except BaseException:
        os.unlink(temporary)
        raise


class _Unpickler(pickle.Unpickler):
    """Makes declarations and nothing else, whatever the file says."""

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith(_TRUSTED) or (module, name) in (("datetime", "date"), ("pathlib", "PosixPath")):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name}")
