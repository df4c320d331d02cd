"""What is wrong with a calendar file."""

from pathlib import Path

from desk.calendar.words import TEXTS


class CalendarError(ValueError):
    """The file is no calendar. ``problems`` says everything that is wrong, in the order of the file; Chinese."""

    def __init__(self, path: Path, problems: list[str]) -> None:
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(TEXTS.say("problems.summary", path=path, count=len(problems), problems=listed))
        self.path = path
        self.problems = problems
