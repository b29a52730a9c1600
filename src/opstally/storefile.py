"""The file that a project's rows are stored in: opened, brought up to the declarations, and told apart when written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opstally.errors import StoreBehind, StoreError
from opstally.library import Library
from opstally.model.project import Project

if TYPE_CHECKING:
    from opstally.store import Store


@dataclass(frozen=True)
class StoreFile:
    """`narrate` is told what had to be made of it since the declarations changed."""

    path: Path
    library: Library
    project: Project
    narrate: Callable[[str], None]

    def reading(self) -> Store:
        """The store, opened for reading. Raises StoreBehind where it lacks columns, and cannot be written."""
        from opstally.store import Store  # lazy: start-up

        try:
            return Store.open(self.path, self.library.stored(), read_only=True)
        except StoreBehind as behind:
            try:
                store = Store.open(self.path)
            except StoreError:
                raise behind from None
        self._catch_up(store).close()
        return Store.open(self.path, self.library.stored(), read_only=True)

    def writing(self) -> Store:
        """The store, opened for writing."""
        from opstally.store import Store  # lazy: start-up

        return self._catch_up(Store.open(self.path))

    def state(self) -> object:
        """What differs whenever something has been written."""
        written = [path.stat() for path in sorted(self.path.parent.glob(f"{self.path.name}*")) if path.is_file()]
        return [(found.st_ino, found.st_mtime_ns, found.st_size) for found in written]

    def _catch_up(self, store: Store) -> Store:
        from opstally.ingest.catch_up import catch_up  # lazy: start-up

        try:
            if told := catch_up(store, self.library, self.project):
                self.narrate(told)
        except BaseException:
            store.close()
            raise
        return store
