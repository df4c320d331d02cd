"""PDF files with a text layer, read in a process of their own.

A damaged or hostile PDF can cost any amount of time and memory in any library; a process has limits that hold.
"""

from __future__ import annotations

import json
import subprocess
import sys

from knowledge.content.formats.blocks import Extract
from knowledge.content.problems import ContentError

SECONDS = 300
MEMORY = 2 * 2**30
MAX_PAGES = 2000
# The process finds the packages where this one found them, however it was started.
_START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv.pop(1)); "
    "from knowledge.content.formats.pdf_process import main; main()"
)


def read_pdf(data: bytes, seconds: float = SECONDS) -> Extract:
    """The text of a PDF as Markdown: lines joined to paragraphs, tables as tables, with rules or without.

    Args:
        data: the file.
        seconds: how long reading may take.

    Raises:
        ContentError: broken, encrypted, scanned (also in part), without usable characters, or too large.
    """
    command = [sys.executable, "-c", _START, json.dumps(sys.path), str(MEMORY), str(MAX_PAGES)]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds, check=False)
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired as error:
        raise ContentError("reading_takes_too_long", seconds=f"{seconds:g}") from error
    except ValueError as error:
        # Ended by its limits, or by a fault in a library: nothing usable came.
        raise ContentError("broken_file") from error
    if "error" in answer:
        raise ContentError(answer["error"], **answer["values"])
    return Extract(answer["text"], [(code, values) for code, values in answer["notes"]])
