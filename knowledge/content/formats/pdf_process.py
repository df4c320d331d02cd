"""The process that reads one PDF: the file on standard input, JSON on standard output. See ``pdf.py``."""

import io
import json
import logging
import os
import resource
import sys
from typing import Any

from knowledge.content.formats.pdf_pages import read_pages
from knowledge.content.problems import ContentError


def main() -> None:
    """Arguments: the most memory in bytes, the most pages."""
    memory, pages = int(sys.argv[1]), int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    logging.disable(logging.CRITICAL)
    # The answer alone goes to standard output, whatever a library prints.
    answer_to = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    sys.stdout = io.StringIO()
    answer: dict[str, Any]
    try:
        extract = read_pages(sys.stdin.buffer.read(), pages)
        answer = {"text": extract.text, "notes": extract.notes}
    except ContentError as error:
        answer = {"error": error.code, "values": error.values}
    except MemoryError:
        answer = {"error": "unpacked_too_large", "values": {"limit": memory // 2**20}}
    # The libraries let many kinds of errors of broken files through; for the editor they are one.
    except Exception:
        answer = {"error": "broken_file", "values": {}}
    json.dump(answer, answer_to, ensure_ascii=False)
    answer_to.close()
