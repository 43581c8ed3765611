from inventory.store import Store, UnknownItem

__all__ = ["Store", "UnknownItem"]
__version__ = "2.1.0"
