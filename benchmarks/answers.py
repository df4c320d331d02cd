"""Judge the knowledge service's answers on the sample city, in one process and without the dialogue.

    .venv/bin/python -m benchmarks.answers sample/golden.csv sample/development.csv

``wenzheng eval answers`` asks the same questions through the whole running dialogue.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks.sample_city import open_sample
from wenzheng.golden import ask_all, read_golden, summarise


def main() -> None:
    """Print what the release learnt, and the figures of each file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, open_sample(Path(home)) as service:
        print(service.learn())
        for path in arguments.files:
            rows = ask_all(
                read_golden(path), lambda conversation, text: [service.answer(text, conversation).to_dict()]
            )
            print(path, summarise(rows), flush=True)


if __name__ == "__main__":
    main()
