import unittest

from inventory import Store
from inventory.load import load


class StockFile(unittest.TestCase):
    def setUp(self):
        self.store = load("stock.json")

    def test_bolts(self):
        self.assertEqual(self.store.items["bolt"], 12)

    def test_all(self):
        self.assertEqual(self.store.items, {"bolt": 12, "nut": 30})

    def test_total(self):
        self.assertEqual(self.store.total(), 42)


class Empty(unittest.TestCase):
    def test_total(self):
        self.assertEqual(Store().total(), 0)
