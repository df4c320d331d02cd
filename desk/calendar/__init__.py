"""The working calendar: when each department is open, public holidays and make-up days, working-day deadlines."""

from desk.calendar.errors import CalendarError
from desk.calendar.parsing import Interval
from desk.calendar.table import DEFAULT_FILE
from desk.calendar.working import Day, WorkingCalendar

__all__ = ["DEFAULT_FILE", "CalendarError", "Day", "Interval", "WorkingCalendar"]
