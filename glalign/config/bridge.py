"""Sections as the plain data that jobs were planned from; for callers that do not use attributes yet."""

from typing import Any

ABSENT = ("data", "optim", "budget", "sampling", "validate_every", "corpus", "batch", "lr", "weight_decay")


class Plain:
    """Keys instead of attributes; optional sections that are None are absent."""

    @property
    def values(self) -> dict[str, Any]:
        """All values."""
        found = {key: value for key, value in self.to_json().items() if value is not None or key not in ABSENT}
        for entry in [found, *found.get("systems", {}).values()]:
            for key in ABSENT:
                if key in entry and entry[key] is None:
                    del entry[key]
            if "data" in entry and entry["data"].get("sampling", "") is None:
                del entry["data"]["sampling"]
        for name, recipe in found.get("pretraining", {}).items():
            found["pretraining"][name] = {key: value for key, value in recipe.items() if value not in (None, {})}
            if found["pretraining"][name].get("data", {}).get("sampling", "") is None:
                del found["pretraining"][name]["data"]["sampling"]
        return found

    def __getitem__(self, key: str) -> Any:
        """A value by its key."""
        return self.values[key]

    def keys(self) -> Any:
        """The keys that are there."""
        return self.values.keys()

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str, default: Any = None) -> Any:
        """A value by its key, or `default`."""
        return self.values.get(key, default)

    @property
    def facts(self) -> Any:
        """The outlines of the classes."""
        return self.classes
