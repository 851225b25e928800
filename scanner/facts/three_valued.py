"""Three-valued logic: ``True``, ``False``, and ``None`` for *not known*. What is known decides when it can."""


def any_of(*values: bool | None) -> bool | None:
    """Say whether one of them is true, if the known ones decide it."""
    if True in values:
        return True
    return None if None in values else False


def all_of(*values: bool | None) -> bool | None:
    """Say whether all of them are true, if the known ones decide it."""
    if False in values:
        return False
    return None if None in values else True


def negation(value: bool | None) -> bool | None:  # noqa: FBT001 - a logical value is what it negates
    """Turn yes into no, and leave what is not known."""
    return None if value is None else not value


def at_least(count: int, values: tuple[bool | None, ...]) -> bool | None:
    """Say whether at least this many are true, if the known ones decide it."""
    certain = values.count(True)
    if certain >= count:
        return True
    return None if certain + values.count(None) >= count else False


def same[T](value: T | None, expected: T) -> bool | None:
    """Compare a value that may not have been read."""
    return None if value is None else value == expected
