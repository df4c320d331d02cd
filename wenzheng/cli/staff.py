"""``wenzheng staff …``: accounts of human staff."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from wenzheng.cli.console import Refused, say
from wenzheng.settings import Settings


def register(commands: Any) -> None:
    """Add ``staff`` and its commands."""
    group = commands.add_parser("staff", help="坐席账号：添加、列出、改密码、停用")
    staff = group.add_subparsers(title="命令", metavar="命令", required=True)

    added = staff.add_parser("add", help="添加账号（密码在提示后输入，或用 --password-stdin）")
    added.add_argument("username", metavar="用户名")
    added.add_argument("--name", required=True, metavar="姓名")
    added.add_argument("--department", required=True, metavar="部门")
    added.add_argument(
        "--role",
        default="staff",
        choices=("staff", "supervisor", "administrator"),
        metavar="角色",
        help="staff 坐席（默认）、supervisor 主管、administrator 管理员",
    )
    _password_option(added)
    added.set_defaults(run=run_add)

    changed = staff.add_parser("passwd", help="修改密码")
    changed.add_argument("username", metavar="用户名")
    _password_option(changed)
    changed.set_defaults(run=run_password)

    closed = staff.add_parser("deactivate", help="停用账号")
    closed.add_argument("username", metavar="用户名")
    closed.set_defaults(run=run_deactivate)

    listed = staff.add_parser("list", help="列出账号")
    listed.set_defaults(run=run_list)


def _password_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--password-stdin", action="store_true", help="从标准输入读取密码")


def _password(arguments: argparse.Namespace) -> str:
    if arguments.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("密码：")
    if getpass.getpass("再输入一次：") != first:
        raise Refused("两次输入的密码不一致。")
    return first


def _accounts(settings: Settings) -> Any:
    from wenzheng.database import migrate, open_engine
    from wenzheng.parts import build_accounts

    engine = open_engine(settings.database)
    migrate(engine)
    return build_accounts(engine)


def run_add(arguments: argparse.Namespace, settings: Settings) -> int:
    """Create an account."""
    from desk import DeskError

    try:
        member = _accounts(settings).create(
            arguments.username, _password(arguments), arguments.name, arguments.department, arguments.role
        )
    except DeskError as error:
        raise Refused(str(error)) from error
    say(f"已添加账号 {member.username}（{member.display_name}，{member.department}）。登录：/console")
    return 0


def run_password(arguments: argparse.Namespace, settings: Settings) -> int:
    """Set a new password; open sessions of the account end."""
    from desk import DeskError

    try:
        _accounts(settings).change_password(arguments.username, _password(arguments))
    except DeskError as error:
        raise Refused(str(error)) from error
    say("密码已修改，该账号需要重新登录。")
    return 0


def run_deactivate(arguments: argparse.Namespace, settings: Settings) -> int:
    """Close an account."""
    from desk import DeskError

    try:
        _accounts(settings).deactivate(arguments.username)
    except DeskError as error:
        raise Refused(str(error)) from error
    say("账号已停用。")
    return 0


def run_list(arguments: argparse.Namespace, settings: Settings) -> int:
    """List active accounts."""
    members = _accounts(settings).all()
    for member in members:
        print(f"{member.username}　{member.display_name}　{member.department}　{member.role}")
    if not members:
        say("还没有坐席账号。添加：wenzheng staff add 用户名 --name 姓名 --department 部门")
    return 0
