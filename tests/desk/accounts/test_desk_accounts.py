"""Accounts, signing in and sessions."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from desk.accounts.passwords import Cost, hash_password, verify_password
from desk.accounts.sign_in import LOCK_SECONDS, SESSION_SECONDS
from desk.errors import BadInput, SignInLocked, SignInRefused, UnknownStaff, UsernameTaken
from desk.tables import staff, staff_sessions

GOOD = "correct horse battery"


def test_a_stored_password_names_its_cost_and_is_salted() -> None:
    one, two = hash_password(GOOD, Cost(n=16)), hash_password(GOOD, Cost(n=16))
    assert one != two
    assert one.startswith("scrypt$16$8$3$")
    assert verify_password(GOOD, one)
    assert not verify_password(GOOD + " ", one)
    assert verify_password(GOOD, hash_password(GOOD))  # the default cost fits into its memory limit


def test_neither_passwords_nor_session_tokens_are_stored(world: Any) -> None:
    world.staff("wang")
    token = world.accounts.sign_in("wang", GOOD)
    with world.engine.connect() as connection:
        stored = str(
            connection.execute(select(staff)).all() + connection.execute(select(staff_sessions)).all()
        )
    assert GOOD not in stored
    assert token not in stored


def test_signing_in_opens_a_session_that_ends_after_twelve_hours(world: Any) -> None:
    member = world.staff("wang")
    token = world.accounts.sign_in(" Wang ", GOOD)
    assert world.accounts.session(token) == member
    assert world.accounts.session(token + "x") is None
    world.clock.now += SESSION_SECONDS + 1
    assert world.accounts.session(token) is None


def test_signing_out_ends_only_this_session(world: Any) -> None:
    member = world.staff("wang")
    one, two = world.accounts.sign_in("wang", GOOD), world.accounts.sign_in("wang", GOOD)
    world.accounts.sign_out(one)
    assert world.accounts.session(one) is None
    assert world.accounts.session(two) == member


def test_a_wrong_name_and_a_wrong_password_look_the_same(world: Any) -> None:
    world.staff("wang")
    messages = set()
    for name in ("wang", "nobody"):
        with pytest.raises(SignInRefused) as refused:
            world.accounts.sign_in(name, "wrong password")
        messages.add(refused.value.message)
    assert len(messages) == 1


@pytest.mark.parametrize("name", ["wang", "nobody"])
def test_five_failures_lock_the_name_even_for_the_right_password(world: Any, name: str) -> None:
    world.staff("wang")
    for _ in range(5):
        with pytest.raises(SignInRefused):
            world.accounts.sign_in(name, "wrong password")
    with pytest.raises(SignInLocked, match="15 分钟"):
        world.accounts.sign_in(name, GOOD)
    world.clock.now += LOCK_SECONDS
    if name == "wang":
        assert world.accounts.sign_in(name, GOOD)


def test_parallel_guesses_are_counted_before_they_are_looked_at(world: Any) -> None:
    world.staff("wang")

    def guess(n: int) -> type[Exception]:
        try:
            world.accounts.sign_in("wang", f"wrong password {n}")
        except (SignInRefused, SignInLocked) as error:
            return type(error)
        raise AssertionError

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(guess, range(12)))
    assert outcomes.count(SignInRefused) == 5


def test_a_success_forgets_earlier_failures(world: Any) -> None:
    world.staff("wang")
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(SignInRefused):
                world.accounts.sign_in("wang", "wrong password")
        assert world.accounts.sign_in("wang", GOOD)


def test_a_new_password_ends_sessions_and_lifts_the_lock(world: Any) -> None:
    world.staff("wang")
    token = world.accounts.sign_in("wang", GOOD)
    for _ in range(5):
        with pytest.raises(SignInRefused):
            world.accounts.sign_in("wang", "wrong password")
    world.accounts.change_password("wang", "another good one")
    assert world.accounts.session(token) is None
    assert world.accounts.sign_in("wang", "another good one")
    with pytest.raises(SignInRefused):
        world.accounts.sign_in("wang", GOOD)


def test_a_closed_account_is_out_at_once(world: Any) -> None:
    world.staff("wang")
    token = world.accounts.sign_in("wang", GOOD)
    world.accounts.deactivate("wang")
    assert world.accounts.session(token) is None
    assert world.desk.staff_online() == 0
    with pytest.raises(SignInRefused):
        world.accounts.sign_in("wang", GOOD)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"username": "王"}, "用户名"),
        ({"username": "1abc"}, "用户名"),
        ({"password": "short"}, "至少需要 10 位"),
        ({"password": "x" * 201}, "最多 200 位"),
        ({"username": "longusername", "password": "LongUserName"}, "不能与用户名相同"),
        ({"display_name": " "}, "姓名是空的"),
        ({"department": ""}, "部门是空的"),
        ({"department": "部" * 129}, "最多 128 个字"),
        ({"role": "king"}, "administrator"),
    ],
)
def test_a_bad_account_is_refused_with_what_to_change(world: Any, change: dict[str, str], says: str) -> None:
    values = {"username": "wang", "password": GOOD, "display_name": "王敏", "department": "人社局"}
    with pytest.raises(BadInput, match=says):
        world.accounts.create(**(values | change))
    assert world.accounts.all() == []


def test_a_name_is_given_once(world: Any) -> None:
    world.staff("wang")
    with pytest.raises(UsernameTaken, match="wang"):
        world.staff("WANG")
    with pytest.raises(UnknownStaff, match="li"):
        world.accounts.change_password("li", GOOD)
