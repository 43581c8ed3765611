import pytest

from inventory.load import BadFile, load


def test_loads(tmp_path):
    path = tmp_path / "stock.json"
    path.write_text('[{"name": "bolt", "count": 3}]')
    assert load(path).items == {"bolt": 3}


def test_names_the_file_that_is_bad(tmp_path):
    path = tmp_path / "stock.json"
    path.write_text("[")
    with pytest.raises(BadFile, match="stock.json"):
        load(path)
