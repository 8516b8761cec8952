"""Check that the image paths of an annotation file stay inside the image folder."""

from pathlib import Path, PurePosixPath, PureWindowsPath

from glalign.support.one_line import BREAKING


class ImageFolder:
    """An image folder that accepts only paths inside it.

    The folder itself may be a symbolic link (the usual way to mount a dataset); links below it must stay inside.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._real = folder.resolve()
        self._inside: dict[PurePosixPath, bool] = {}

    def relative(self, file_path: str) -> str:
        """Return the canonical POSIX form of `file_path`. Raises: ValueError if it is not a path below the folder."""
        path = PurePosixPath(file_path)
        if "\\" in file_path or BREAKING.search(file_path) or PureWindowsPath(file_path).drive:
            raise ValueError("its path is not a plain relative path with forward slashes; correct the file")
        if path.is_absolute() or ".." in path.parts or not path.parts or not self._stays_inside(path):
            raise ValueError(f"its path leaves the folder {self._folder}; it must name a file below it")
        return str(path)

    def _stays_inside(self, path: PurePosixPath) -> bool:
        # Folders are looked up once: 40,000 images share a handful.
        file = self._folder / path
        try:
            if path.parent not in self._inside:
                self._inside[path.parent] = file.parent.resolve().is_relative_to(self._real)
            return self._inside[path.parent] and (not file.is_symlink() or file.resolve().is_relative_to(self._real))
        except (OSError, RuntimeError):
            return False  # a link that leads to itself, a name the system cannot hold
