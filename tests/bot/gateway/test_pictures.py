"""`/pictures/…`: the pictures that lie in the folder, and nothing else."""

from pathlib import Path

import pytest

from .support import world


async def test_pictures_of_the_folder_are_served_to_everybody(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "居住证.png").write_bytes(b"not to be asked for")
    (folder / "permit-1.PNG").write_bytes(b"png")
    (folder / "permit.v2.jpeg").write_bytes(b"jpeg")
    async with world(tmp_path, pictures=folder) as w:
        png = await w.client.get("/pictures/permit-1.PNG")
        assert (png.status_code, png.content, png.headers["content-type"]) == (200, b"png", "image/png")
        assert png.headers["x-content-type-options"] == "nosniff"
        jpeg = await w.client.get("/pictures/permit.v2.jpeg")
        assert (jpeg.content, jpeg.headers["content-type"]) == (b"jpeg", "image/jpeg")
        assert (await w.client.get("/pictures/gone.png")).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt",
        "page.svg",
        ".png",
        "..%2Fsecret.png",
        "%2e%2e%2fsecret.png",
        "sub%2fin.png",
        "folder.png",
        "a%00.png",
    ],
)
async def test_nothing_else_is_served(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "pictures"
    (folder / "folder.png").mkdir(parents=True)
    (folder / "sub").mkdir()
    for path in ("notes.txt", "page.svg", ".png", "../secret.png", "sub/in.png"):
        (folder / path).write_bytes(b"secret")
    async with world(tmp_path, pictures=folder) as w:
        reply = await w.client.get(f"/pictures/{name}")
        assert (reply.status_code, b"secret" in reply.content) == (404, False)


async def test_without_a_folder_there_are_no_pictures(tmp_path: Path) -> None:
    async with world(tmp_path, pictures=tmp_path / "missing") as w:
        assert (await w.client.get("/pictures/permit.png")).status_code == 404
