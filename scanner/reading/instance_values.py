"""Single values of rows about instances, as Resource Graph and its KQL write them."""

from scanner.facts.versions import version_key

_VERSIONS = "/versions/"
_IDS = ("subscriptions/", "sharedgalleries/", "communitygalleries/")
_NAME_LENGTH = 80


def image_name(value: object) -> str:
    """Name the image as the model's is named: an id without its version, or nothing where nothing was reported."""
    name = value.lower().strip("/") if isinstance(value, str) else ""
    return f"/{name.partition(_VERSIONS)[0]}" if name.startswith(_IDS) else name


def exact_version(value: object) -> str:
    """Read an exact version; empty: it is none, or was not reported."""
    text = value.strip()[:_NAME_LENGTH] if isinstance(value, str) else ""
    return text if version_key(text) is not None else ""


def power_state(value: object) -> str:
    """Read a power state without its kind; empty: not reported."""
    return value.rpartition("/")[2].lower()[:_NAME_LENGTH] if isinstance(value, str) else ""


def said(value: object) -> bool | None:
    """Read a bool that KQL wrote as text: in a computed column it comes as 0 or 1."""
    if isinstance(value, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, bool | int) and value in (0, 1) else None
