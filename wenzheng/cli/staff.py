"""``wenzheng staff …``: accounts of human staff."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import Any

from wenzheng.cli.console import Refused, say
from wenzheng.settings import Settings

ROLES = {
    "staff": "坐席",
    "supervisor": "主管",
    "editor": "编辑",
    "reviewer": "审核",
    "administrator": "管理员",
    "auditor": "审计",
}
"""The desk's roles; written out, because importing the desk would make every command slow."""
_ROLES_HELP = "、".join(f"{role} {name}" for role, name in ROLES.items())


def register(commands: Any) -> None:
    """Add ``staff`` and its commands."""
    group = commands.add_parser("staff", help="工作人员账号：添加、列出、改角色、改密码、停用")
    staff = group.add_subparsers(title="命令", metavar="命令", required=True)

    added = staff.add_parser("add", help="添加账号（密码在提示后输入，或用 --password-stdin）")
    added.add_argument("username", metavar="用户名")
    added.add_argument("--name", required=True, metavar="姓名")
    added.add_argument("--department", required=True, metavar="部门")
    added.add_argument(
        "--role",
        default="staff",
        choices=tuple(ROLES),
        metavar="角色",
        help=f"默认 staff；{_ROLES_HELP}",
    )
    _password_option(added)
    added.set_defaults(run=run_add)

    role = staff.add_parser("role", help="改角色")
    role.add_argument("username", metavar="用户名")
    role.add_argument("role", choices=tuple(ROLES), metavar="角色", help=_ROLES_HELP)
    role.set_defaults(run=run_role)

    changed = staff.add_parser("passwd", help="修改密码")
    changed.add_argument("username", metavar="用户名")
    _password_option(changed)
    changed.set_defaults(run=run_password)

    closed = staff.add_parser("deactivate", help="停用账号")
    closed.add_argument("username", metavar="用户名")
    closed.set_defaults(run=run_deactivate)

    listed = staff.add_parser("list", help="列出账号")
    listed.add_argument("--all", action="store_true", help="已停用的也列出")
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


def run_role(arguments: argparse.Namespace, settings: Settings) -> int:
    """Give an account another role."""
    from desk import DeskError

    try:
        _accounts(settings).change_role(arguments.username, arguments.role)
    except DeskError as error:
        raise Refused(str(error)) from error
    say(f"账号 {arguments.username} 的角色现在是{ROLES[arguments.role]}。")
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
    """List active accounts; with ``--all`` closed ones too."""
    from desk.texts import Texts

    texts = Texts()
    accounts = [one for one in _accounts(settings).everyone() if one.active or arguments.all]
    for account in accounts:
        member, closed = account.member, "" if account.active else "　已停用"
        role = f"{texts.label('roles', member.role)}（{member.role}）"
        print(f"{member.username}　{member.display_name}　{member.department}　{role}{closed}")
    if not accounts:
        say("还没有账号。添加：wenzheng staff add 用户名 --name 姓名 --department 部门")
    return 0
