from __future__ import annotations

import json
import pathlib

from inventory.store import Store


class BadFile(Exception):
    pass


def load(path: str | pathlib.Path) -> Store:
    store = Store()
    try:
        rows = json.loads(pathlib.Path(path).read_text())
    except json.JSONDecodeError as e:
        raise BadFile(f"{path} is not JSON") from e
    for row in rows:
        store.add(row["name"], row["count"])
    return store


if __name__ == "__main__":
    print("in stock:", load("stock.json").total())
