"""What is in stock, and how much of it."""

from __future__ import annotations


class UnknownItem(KeyError):
    pass


class Store:
    def __init__(self) -> None:
        self.items: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> int:
        if count <= 0:
            raise ValueError(f"count must be positive, not {count}")
        self.items[name] = self.items.get(name, 0) + count
        return self.items[name]

    def take(self, name: str, count: int = 1) -> int:
        if name not in self.items:
            raise UnknownItem(name)
        if self.items[name] < count:
            raise ValueError(f"only {self.items[name]} of {name}")
        self.items[name] = count
        return self.items[name]

    def total(self) -> int:
        return sum(self.items.values())
