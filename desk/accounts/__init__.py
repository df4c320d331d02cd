"""Accounts of staff: their fields, passwords and sign-ins."""

from desk.accounts.service import Accounts

__all__ = ["Accounts"]
