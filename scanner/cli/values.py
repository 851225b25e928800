"""Values of arguments, read and refused with what would be right."""

import argparse
from datetime import date

from scanner.guids import is_guid


def day(text: str) -> date:
    """Read a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date; write it as YYYY-MM-DD") from None


def subscription(text: str) -> str:
    """Read the id of a subscription, in lower case."""
    if is_guid(text):
        return text.lower()
    raise argparse.ArgumentTypeError(f"{text!r} is not a subscription id; az account list shows them")
