"""The audit log: what is in it, what must not be, and reading it page by page."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import desk
from desk import audit
from desk.errors import SignInLocked, SignInRefused
from desk.tables import audit_log
from desk.texts import Texts

GOOD = "correct horse battery"
DAY = 24 * 3600


def write(world: Any, staff: Any, action: str, subject: str, at: float, **detail: Any) -> None:
    with world.engine.begin() as connection:
        audit.write(connection, staff, action, subject, at=at, **detail)


def attempts(world: Any, name: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises((SignInRefused, SignInLocked)):
            world.accounts.sign_in(name, "a wrong password", "10.0.0.9")


def test_signing_in_failing_and_being_locked_are_written_with_where_from(world: Any) -> None:
    world.staff("wang")
    world.accounts.sign_in("wang", GOOD, "10.0.0.8")
    attempts(world, "wang", 7)
    found = world.desk.audit_log.page().entries
    assert [entry.action for entry in found] == [
        "sign_in_locked",
        *["sign_in_failed"] * 5,  # attempts during the lock are not even looked at
        "sign_in",
        "account_added",
    ]
    assert {entry.subject for entry in found} == {"wang"}
    assert found[-2].username == "wang"
    assert found[-2].detail == {"origin": "10.0.0.8"}
    assert found[0].username is None
    assert found[0].detail == {"origin": "10.0.0.9"}


def test_a_password_typed_as_a_name_is_not_kept(world: Any) -> None:
    attempts(world, "my secret password", 1)
    [entry] = world.desk.audit_log.page().entries
    assert (entry.action, entry.subject) == ("sign_in_failed", "")


def test_the_log_holds_no_password(world: Any) -> None:
    boss = world.staff("boss", role="administrator")
    _, first = world.accounts.create_with_initial_password("li", "李强", "公安局", "staff", "", boss)
    second = world.accounts.reset_password("li", boss)
    member = world.accounts.find("li")
    world.accounts.change_own_password(member, world.accounts.sign_in("li", second), second, GOOD + "!")
    attempts(world, "li", 5)
    with world.engine.connect() as connection:
        stored = str(connection.execute(select(audit_log)).all())
    assert "password_changed" in stored
    for secret in (first, second, GOOD, "a wrong password", "scrypt"):
        assert secret not in stored


def test_what_is_done_from_the_command_line_says_so(world: Any) -> None:
    world.staff("wang")
    [entry] = world.desk.audit_log.page().entries
    assert entry.name is None
    assert entry.detail["via"] == "command_line"


def test_the_present_is_taken_where_no_time_is_given(world: Any) -> None:
    with world.engine.begin() as connection:
        audit.write(connection, None, "account_changed", "x" * 500)
    [entry] = world.desk.audit_log.page().entries
    assert entry.at.timestamp() > 1_700_000_000
    assert len(entry.subject) == audit.SUBJECT_MAX


def test_filters_by_person_action_and_day(world: Any) -> None:
    wang, li = world.staff("wang"), world.staff("li")
    at = world.clock.now
    write(world, wang, "account_changed", "zhao", at)
    write(world, li, "account_changed", "wang", at + DAY)
    write(world, li, "password_reset", "zhao", at + DAY)
    log = world.desk.audit_log
    mine = [(entry.action, entry.subject) for entry in log.page(person="wang").entries]
    assert mine == [("account_changed", "wang"), ("account_changed", "zhao"), ("account_added", "wang")]
    assert len(log.page(action="password_reset").entries) == 1
    assert len(log.page(span=(at + 1, at + DAY)).entries) == 0
    assert len(log.page(span=(at + 1, at + DAY + 1)).entries) == 2
    assert len(log.page(person="li", action="account_changed", span=(at, at + 2 * DAY)).entries) == 1
    assert log.page(person="nobody").entries == []


def test_pages_go_back_and_forth_without_losing_or_repeating(world: Any) -> None:
    total = 2 * audit.PAGE_SIZE + 7
    for n in range(total):
        write(world, None, "account_changed", str(n), world.clock.now)
    log = world.desk.audit_log
    first = log.page()
    second = log.page(before=first.older)
    third = log.page(before=second.older)
    numbers = [int(entry.subject) for page in (first, second, third) for entry in page.entries]
    assert numbers == list(reversed(range(total)))
    assert (first.newer, third.older) == (None, None)
    back = log.page(after=third.newer)
    assert back.entries == second.entries
    write(world, None, "account_changed", "new", world.clock.now)  # what comes in does not shift the pages
    assert log.page(after=back.newer).entries == first.entries
    newest = log.page(after=first.entries[0].id)
    assert [entry.subject for entry in newest.entries] == ["new"]
    assert newest.newer is None
    assert log.page(before=newest.older).entries == first.entries


def test_nothing_changes_or_removes_entries() -> None:
    for file in Path(desk.__file__).parent.rglob("*.py"):
        assert not re.search(r"(update|delete)\(\s*(audit\.)?audit_log", file.read_text(encoding="utf-8")), (
            file
        )


def test_every_action_and_detail_that_is_written_has_a_label() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in Path(desk.__file__).parent.rglob("*.py"))
    actions = re.findall(r"(?:audit\.|self\._)write\(\s*\w+,\s*[^,]+(?:\([^)]*\))?,\s*\"(\w+)\"", code)
    assert len(set(actions)) >= 9
    labels = Texts().group("audit_actions")
    assert set(actions) <= set(labels)
