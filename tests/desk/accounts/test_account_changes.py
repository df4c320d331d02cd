"""Changing accounts: what is written, what is refused, and that the audit log never disagrees."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from desk import audit
from desk.accounts.fields import initial_password
from desk.errors import BadInput, LastAdministrator, SignInLocked, SignInRefused, UnknownStaff

GOOD, BETTER = "correct horse battery", "an even better password"


@pytest.fixture
def boss(world: Any) -> Any:
    return world.staff("boss", "周建国", role="administrator", department="信息中心")


def entries(world: Any, **wanted: Any) -> list[Any]:
    return world.desk.audit_log.page(**wanted).entries


def test_a_change_is_stored_with_what_was_before(world: Any, boss: Any) -> None:
    world.staff("wang")
    world.accounts.change("wang", "王敏敏", "市公安局", "supervisor", " 5 ", boss)
    account = world.accounts.account("wang")
    assert (account.member.display_name, account.member.role, account.capacity) == ("王敏敏", "supervisor", 5)
    entry = entries(world)[0]
    assert (entry.username, entry.action, entry.subject) == ("boss", "account_changed", "wang")
    assert entry.detail == {
        "display_name": ["王敏", "王敏敏"],
        "department": ["人力资源和社会保障局", "市公安局"],
        "role": ["staff", "supervisor"],
        "capacity": [None, 5],
    }


def test_a_change_that_changes_nothing_leaves_no_entry(world: Any, boss: Any) -> None:
    member = world.staff("wang")
    before = entries(world)
    world.accounts.change("wang", member.display_name, member.department, "staff", "", boss)
    assert entries(world) == before


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ((" ", "公安局", "staff", ""), "display_name"),
        (("王敏", "", "staff", ""), "department"),
        (("王敏", "公安局", "king", ""), "role"),
        *(
            (("王敏", "公安局", "staff", capacity), "capacity")
            for capacity in ("0", "51", "-1", "三", "1.5", "²")
        ),
        (("王敏", "公安局", "staff", "9" * 5000), "capacity"),
    ],
)
def test_a_bad_field_is_named_and_nothing_changes(
    world: Any, boss: Any, fields: tuple[str, ...], field: str
) -> None:
    member = world.staff("wang")
    with pytest.raises(BadInput) as refused:
        world.accounts.change("wang", *fields, boss)
    assert refused.value.field == field
    assert world.accounts.find("wang") == member


CHANGES = {
    "create": lambda accounts, boss: accounts.create("li", GOOD, "李强", "公安局", by=boss),
    "change": lambda accounts, boss: accounts.change("wang", "王敏", "公安局", "supervisor", "3", boss),
    "reset_password": lambda accounts, boss: accounts.reset_password("wang", boss),
    "deactivate": lambda accounts, boss: accounts.deactivate("wang", boss),
    "reactivate": lambda accounts, boss: accounts.reactivate("closed", boss),
    "sign_in": lambda accounts, boss: accounts.sign_in("wang", GOOD),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_cannot_be_written_to_the_audit_log_does_not_happen(
    world: Any, boss: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    world.staff("wang")
    world.staff("closed")
    world.accounts.deactivate("closed", boss)
    session = world.accounts.sign_in("wang", GOOD)
    before, online, written = world.accounts.everyone(), world.desk.staff_online(), len(entries(world))

    def broken(*_arguments: Any, **_detail: Any) -> None:
        raise RuntimeError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "write", broken)
        with pytest.raises(RuntimeError):
            CHANGES[change](world.accounts, boss)
    assert world.accounts.everyone() == before
    assert world.accounts.session(session) is not None
    assert world.desk.staff_online() == online
    CHANGES[change](world.accounts, boss)
    assert len(entries(world)) == written + 1


def test_the_last_administrator_can_neither_be_closed_nor_become_something_else(
    world: Any, boss: Any
) -> None:
    closed = world.staff("other", role="administrator")
    world.accounts.deactivate("other", boss)
    before = world.accounts.everyone()
    with pytest.raises(LastAdministrator, match="最后一个"):
        world.accounts.deactivate("boss", boss)
    with pytest.raises(LastAdministrator):
        world.accounts.change("boss", "周建国", "信息中心", "auditor", "", boss)
    with pytest.raises(LastAdministrator):
        world.accounts.change_role("boss", "staff")
    assert world.accounts.everyone() == before
    world.accounts.reactivate(closed.username, boss)
    world.accounts.deactivate("boss", closed)
    assert [member.username for member in world.accounts.all()] == ["other"]


def test_two_administrators_cannot_close_each_other(world: Any, boss: Any) -> None:
    world.staff("other", role="administrator")

    def close(username: str) -> str:
        try:
            world.accounts.deactivate(username)
        except LastAdministrator:
            return "refused"
        return "closed"

    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(close, ("boss", "other"))) == ["closed", "refused"]
        for username in ("boss", "other"):
            world.accounts.reactivate(username)


def test_an_initial_password_signs_in_and_must_be_changed(world: Any, boss: Any) -> None:
    member, password = world.accounts.create_with_initial_password("li", "李强", "公安局", "staff", "", boss)
    assert member.must_change_password
    token = world.accounts.sign_in("li", password)
    world.accounts.change_own_password(member, token, password, BETTER)
    assert not world.accounts.session(token).must_change_password
    assert world.accounts.sign_in("li", BETTER)


def test_initial_passwords_are_random_and_good_enough() -> None:
    made = {initial_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(password) == 19 and not set(password) & set("01loi") for password in made)


def test_a_reset_ends_sessions_lifts_the_lock_and_asks_for_a_change(world: Any, boss: Any) -> None:
    world.staff("wang")
    token = world.accounts.sign_in("wang", GOOD)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            world.accounts.sign_in("wang", "wrong password")
    password = world.accounts.reset_password("wang", boss)
    assert world.accounts.session(token) is None
    assert world.accounts.session(world.accounts.sign_in("wang", password)).must_change_password
    with pytest.raises(SignInRefused):
        world.accounts.sign_in("wang", GOOD)


def test_ones_own_change_keeps_this_session_and_ends_the_others(world: Any) -> None:
    member = world.staff("wang")
    here, elsewhere = world.accounts.sign_in("wang", GOOD), world.accounts.sign_in("wang", GOOD)
    world.accounts.change_own_password(member, here, GOOD, BETTER)
    assert world.accounts.session(here) == member
    assert world.accounts.session(elsewhere) is None


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [("wrong password", BETTER, "old"), (GOOD, "short", "new"), (GOOD, GOOD, "new")],
)
def test_a_bad_change_of_ones_own_password_names_the_field(
    world: Any, old: str, new: str, field: str
) -> None:
    member = world.staff("wang")
    token = world.accounts.sign_in("wang", GOOD)
    with pytest.raises(BadInput) as refused:
        world.accounts.change_own_password(member, token, old, new)
    assert refused.value.field == field
    assert world.accounts.sign_in("wang", GOOD)


def test_the_old_password_cannot_be_guessed_through_an_open_session(world: Any) -> None:
    member = world.staff("wang")
    token = world.accounts.sign_in("wang", GOOD)
    for n in range(5):
        with pytest.raises(BadInput):
            world.accounts.change_own_password(member, token, f"wrong password {n}", BETTER)
    with pytest.raises(SignInLocked):
        world.accounts.change_own_password(member, token, GOOD, BETTER)


def test_who_does_not_serve_is_not_counted_as_present(world: Any) -> None:
    for role in ("editor", "reviewer", "administrator", "auditor"):
        world.staff(role, role=role)
        world.accounts.sign_in(role, GOOD)
    assert world.desk.staff_online() == 0
    world.staff("lead", role="supervisor")
    world.accounts.sign_in("lead", GOOD)
    assert world.desk.staff_online() == 1
    # Nor is who cannot get further than the password page yet.
    _, password = world.accounts.create_with_initial_password("new", "李强", "公安局", "staff", "", None)
    world.accounts.sign_in("new", password)
    assert world.desk.staff_online() == 1
    assert len(world.desk.numbers.overview().present) == 1


def test_an_account_tells_how_many_conversations_it_still_serves(world: Any) -> None:
    member = world.staff("wang")
    for citizen in ("web:a", "web:b", "web:c"):
        world.desk.claim(world.desk.open_handoff(citizen, "complex", None, "问").number, member)
    world.desk.resolve("web:c", member)
    assert world.accounts.account("wang").serving == 2
    with pytest.raises(UnknownStaff):
        world.accounts.account("nobody")
