"""PDF files drawn for tests, and what is read from them."""

import io

from office_files import FONT
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from knowledge.content import ReadResult, read_document

WIDTH, HEIGHT = A4


def read(data: bytes) -> ReadResult:
    result = read_document(data, "文件.bin")
    assert result.document is not None, [str(problem) for problem in result.problems]
    return result


def body_of(data: bytes) -> str:
    document = read(data).document
    assert document is not None
    return document.body


class Drawing:
    """A PDF drawn by hand, page by page."""

    def __init__(self, size: tuple[float, float] = A4, **options: object) -> None:
        self._out = io.BytesIO()
        self.canvas = Canvas(self._out, pagesize=size, **options)  # type: ignore[arg-type]

    def lines(self, *texts: str, x: float = 90, y: float = 700, size: float = 12) -> "Drawing":
        self.canvas.setFont(FONT, size)
        for text in texts:
            self.canvas.drawString(x, y, text)
            y -= size * 1.6
        return self

    def picture(self, share: float = 1.0) -> "Drawing":
        image = ImageReader(Image.new("RGB", (60, 80), "gray"))
        self.canvas.drawImage(image, 0, 0, WIDTH * share, HEIGHT * share)
        return self

    def page(self) -> "Drawing":
        self.canvas.showPage()
        return self

    def data(self) -> bytes:
        self.canvas.save()
        return self._out.getvalue()
