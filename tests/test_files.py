import errno
import re
import zipfile
from pathlib import Path

import pytest

from nuzzle.errors import InputError, OutputError
from nuzzle.files import (
    atomic_path,
    decoded,
    existing_file,
    looks_like_bundle,
    writable_folder,
    write_text,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_only_when_finished(tmp_path):
    target = tmp_path / "new" / "a.csv"
    with atomic_path(target) as temporary:
        assert temporary.suffix == ".csv"
        assert temporary.parent == target.parent
        temporary.write_text("half")
        assert not target.exists()
    assert target.read_text() == "half"
    assert names(target.parent) == ["a.csv"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = write_text(tmp_path / "a.csv", "old")
    with pytest.raises(KeyError), atomic_path(target) as temporary:
        temporary.write_text("new")
        raise KeyError("stop")
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_an_interruption_leaves_nothing_half_written(tmp_path):
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "a.csv") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path) == []


def test_nothing_is_overwritten_unasked(tmp_path):
    target = write_text(tmp_path / "a.csv", "old")
    with pytest.raises(OutputError, match="exists already"):
        write_text(target, "new", overwrite=False)
    assert target.read_text() == "old"
    write_text(target, "new", overwrite=True)
    assert target.read_text() == "new"


def test_a_full_disk_is_told_and_harms_nothing(tmp_path, monkeypatch):
    target = write_text(tmp_path / "a.csv", "old")
    real = Path.write_text

    def full(self, text, *args, **kwargs):
        real(self, text[:2], *args, **kwargs)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OutputError, match=r"a\.csv: No space left on device\. Nothing was changed"):
        write_text(target, "new text")
    monkeypatch.undo()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.csv"]


def test_a_folder_without_permission_is_told(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        write_text(tmp_path / "a.csv", "text")
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        write_text(tmp_path / "new" / "a.csv", "text")


def test_a_folder_that_is_a_file_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="Cannot write"):
        write_text(tmp_path / "file" / "a.csv", "text")


def test_a_target_that_is_a_folder_is_told(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(OutputError):
        write_text(tmp_path / "a.csv", "text")
    assert names(tmp_path) == ["a.csv"]


def test_existing_file(tmp_path):
    with pytest.raises(InputError, match="There is no manifest at"):
        existing_file(tmp_path / "none.csv", "manifest")
    with pytest.raises(InputError, match="is a folder"):
        existing_file(tmp_path)
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match=r"is empty \(0 bytes\)"):
        existing_file(tmp_path / "empty.csv")
    assert existing_file(str(write_text(tmp_path / "a", "x"))) == tmp_path / "a"


def refuse(self, *args, **kwargs):
    raise PermissionError(errno.EACCES, "Permission denied", str(self))


@pytest.mark.parametrize("step", ["open", "stat"])
@pytest.mark.parametrize("what", ["bundle", "pose file"])
def test_a_file_that_may_not_be_read(tmp_path, monkeypatch, step, what):
    path = write_text(tmp_path / "a.csv", "x")
    monkeypatch.setattr(Path, step, refuse)
    told = rf"a\.csv cannot be read: Permission denied\. A {what} was expected; check that you may"
    with pytest.raises(InputError, match=told):
        existing_file(path, what)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_the_beginning_of_a_text_may_end_within_a_character(encoding):
    data = "aöb".encode(encoding)
    beginnings = [decoded(data[:end], whole=False) for end in range(2, len(data) + 1)]
    assert all(text is not None and "aöb".startswith(text) for text in beginnings)
    assert decoded(data) == "aöb"


def test_what_is_no_text():
    assert decoded(b"PK\x03\x04") is None
    assert decoded("a".encode("utf-16")[:-1]) is None
    assert decoded("文".encode()[:2]) is not None, "as Windows' Western letters"


def test_a_bundle_where_something_else_is_expected(tmp_path):
    path, text = tmp_path / "m.nuzzle", write_text(tmp_path / "notes.txt", "PK of bundle.json")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bundle.json", "a model")
    assert looks_like_bundle(path) and not looks_like_bundle(text)
    with pytest.raises(InputError, match=r"m\.nuzzle is a bundle .*; a manifest was expected"):
        existing_file(path, "manifest")
    assert existing_file(path, "bundle") == path


def test_a_folder_that_can_be_written_to(tmp_path):
    assert writable_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_folder_that_cannot_be(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(OutputError, match="is a file; a folder was expected"):
        writable_folder(file)
    message = f"{re.escape(str(file))} is a file; a folder was expected"
    with pytest.raises(OutputError, match=f"Cannot write into .*: {message}"):
        writable_folder(file / "results")
    for path in (file / "page.html", file / "deeper" / "page.html"):
        with pytest.raises(OutputError, match=f"{message}. Nothing was changed there"):
            write_text(path, "new")
    assert file.read_text() == "mine"

    def denied(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("nuzzle.files.TemporaryFile", denied)
    with pytest.raises(OutputError, match=r"Cannot write into .*Permission denied"):
        writable_folder(tmp_path)
