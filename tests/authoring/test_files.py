"""Which files there are, and which others they may refer to."""

from pathlib import Path

import pytest

from authoring.files import found, load_file
from custom_components.device_models.iot.errors import ModelError
from custom_components.device_models.iot.formats.folders import beside

MODEL = b'{"urn": "u", "name": "U", "actions": [{"name": "go"}]}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a model, a folder in it, and a secret outside."""
    inside = tmp_path / "models"
    (inside / "parts").mkdir(parents=True)
    (inside / "model.json").write_bytes(MODEL)
    (inside / "parts" / "part.json").write_bytes(MODEL)
    (tmp_path / "secret.json").write_bytes(MODEL)
    (inside / "link.json").symlink_to(tmp_path / "secret.json")
    (inside / "out").symlink_to(tmp_path)
    (inside / "near.json").symlink_to("model.json")
    return inside


@pytest.mark.parametrize(
    "reference", ["model.json", "parts/part.json", "./model.json", "near.json"]
)
def test_files_of_the_folder_are_found(folder: Path, reference: str) -> None:
    assert beside(folder, folder)(reference) == MODEL


@pytest.mark.parametrize(
    "reference",
    [
        "../secret.json",
        "parts/../../secret.json",
        "link.json",
        "out/secret.json",
        "/etc/hostname",
        "parts",
        "missing.json",
        "",
        "nul\0",
        "x" * 5000,
        "http://localhost/model.json",
    ],
)
def test_nothing_else_is(folder: Path, reference: str) -> None:
    with pytest.raises(ModelError, match="expected a file beside") as caught:
        beside(folder, folder)(reference)
    assert len(str(caught.value)) < 300


def test_a_urn_is_one_of_a_model_that_comes_with_the_integration(
    tmp_path: Path,
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("model: urn:device-models:water-pump\n")
    assert load_file(file).model.name == "Water pump"
    file.write_text("model: urn:device-models:nothing\n")
    with pytest.raises(ModelError, match="it is not here"):
        load_file(file)


def test_a_folder_is_searched_for_model_files(folder: Path) -> None:
    for name in (".hidden.json", "notes.txt", "b.YAML", "a.xml"):
        (folder / name).touch()
    (folder / ".git").mkdir()
    (folder / ".git" / "x.json").touch()
    names = ["a.xml", "b.YAML", "link.json", "model.json", "near.json"]
    assert list(found([str(folder)])) == [
        *(folder / name for name in names),
        folder / "parts" / "part.json",
    ]


def test_files_stay_as_they_were_named(folder: Path) -> None:
    (folder / "empty").mkdir()
    named = ["missing", str(folder / "model.json"), str(folder / "empty")]
    assert [str(path) for path in found(named)] == named


def test_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    for path, problem in (
        (tmp_path / "missing.json", "no such file"),
        (tmp_path, "is a directory"),
        (Path("a\0b"), "null"),
    ):
        with pytest.raises(ModelError, match=problem):
            load_file(path)


def test_of_a_huge_file_only_the_beginning_is_read() -> None:
    with pytest.raises(ModelError, match="at most 1048576 bytes"):
        load_file(Path("/dev/zero"))
