import pytest

from inventory import Store, UnknownItem


@pytest.fixture
def store():
    s = Store()
    s.add("bolt", 10)
    s.add("nut", 4)
    return s


def test_adds(store):
    assert store.add("bolt", 2) == 12


def test_takes(store):
    assert store.take("bolt", 3) == 7
    assert store.items == {"bolt": 7, "nut": 4}


@pytest.mark.parametrize("count", [0, -1])
def test_refuses_counts_that_are_not_positive(store, count):
    with pytest.raises(ValueError):
        store.add("bolt", count)


def test_unknown(store):
    with pytest.raises(UnknownItem):
        store.take("washer")


def test_total(store):
    store.take("nut", 4)
    assert store.total() == 10
