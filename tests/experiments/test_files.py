import pytest

from experiments.encodings import decode
from experiments.errors import InputError
from experiments.files import find_file, shown_paths


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_whatever_its_mark(encoding):
    assert decode("Ministère — “oui”".encode(encoding), "a.txt")[0] == "Ministère — “oui”"


def test_binary_is_refused():
    with pytest.raises(InputError, match="is binary"):
        decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)), "a.png")


def test_missing_file_names_the_places_looked_in(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no such file; looked in"):
        find_file("nowhere.txt")


def test_a_page_shows_no_path_of_its_makers_machine_and_keeps_files_apart(tmp_path, monkeypatch):
    here, home = tmp_path / "work", tmp_path / "home"
    names = [here / "news" / "a.txt", home / "one" / "a.txt", home / "two" / "a.txt", home / "table.csv"]
    for path in names:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    monkeypatch.chdir(here)
    assert shown_paths([*map(str, names), f"{names[3]}:7"]) == [
        "news/a.txt", "one/a.txt", "two/a.txt", "table.csv", "table.csv:7"
    ]  # fmt: skip
    assert shown_paths([str(names[1])]) == ["a.txt"]
    assert shown_paths([f"{names[3]}#12"]) == ["table.csv#12"]
    assert shown_paths([f"{names[0]}:3", str(names[0])]) == ["news/a.txt:3", "news/a.txt"]


def test_what_names_no_file_is_shown_as_it_is():
    names = ["/politics/2019/talks", "https://x.example/a", "../a.txt", "r-17", "-", "hub:owner/name", ""]
    assert shown_paths(names) == names
