"""PowerShell's way from a line to the arguments of ``az``, written from Microsoft's rules: PowerShell is not run here.

- What a line says: a bare word, or a text in single quotes, in which a doubled quote is one; PowerShell takes four
  curly quotes for single quotes too (about_Quoting_Rules, about_Parsing).
- How arguments are passed: since 7.3 as they are (``Standard``, and ``Windows`` off Windows); before, and for batch files
  on Windows always, put together into one line, a word with blanks between quotes (``Legacy``:
  about_Preference_Variables, PSNativeCommandArgumentPassing).
- How one line becomes arguments again: C's rules, with backslashes before quotes, and a doubled quote within quotes.
- What cmd.exe does to the line of a batch file: outside quotes ``&|<>^()`` act; a percent sign acts everywhere.
"""

_SINGLE = "'\u2018\u2019\u201a\u201b"
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./=-")
_BLOCK = "& { $PSNativeCommandArgumentPassing = 'Legacy'; "
_BLOCK_END = " }"


def arguments(line: str, *, passing: str) -> list[str]:
    """Say which arguments the program is given: ``passing`` is Standard (7.3, off Windows) or Legacy (everything else)."""
    if line.startswith(_BLOCK):
        assert line.endswith(_BLOCK_END)
        line, passing = line.removeprefix(_BLOCK).removesuffix(_BLOCK_END), "Legacy"
    words = _words(line)
    if passing == "Standard":
        return words
    joined = " ".join([_legacy(word) for word in words])
    assert not acts_in_cmd(joined), joined
    return _c_arguments(joined)


def _words(line: str) -> list[str]:
    words: list[str] = []
    at = 0
    while at < len(line):
        if line[at] == " ":
            at += 1
        elif line[at] in _SINGLE:
            word, at = _quoted(line, at + 1)
            words.append(word)
            assert at == len(line) or line[at] == " ", "a quoted word goes on: PowerShell would make two of it"
        else:
            end = line.find(" ", at)
            end = len(line) if end < 0 else end
            assert set(line[at:end]) <= _BARE, line[at:end]
            assert not (line[at] == "-" and "." in line[at:end]), "PowerShell splits an option at its dot"
            words.append(line[at:end])
            at = end
    return words


def _quoted(line: str, at: int) -> tuple[str, int]:
    text = ""
    while True:
        if line[at] not in _SINGLE:
            text += line[at]
            at += 1
        elif at + 1 < len(line) and line[at + 1] in _SINGLE:
            text += line[at]
            at += 2
        else:
            return text, at + 1


def _legacy(word: str) -> str:
    """Put quotes around a word with blanks outside quotes; nothing in it is escaped. An empty word is lost."""
    quotes, after_backslash, blank = 0, False, False
    for char in word:
        if char == '"' and not after_backslash:
            quotes += 1
        elif char.isspace() and quotes % 2 == 0:
            blank = True
        after_backslash = char == "\\"
    return f'"{word}"' if blank else word


def _c_arguments(line: str) -> list[str]:
    found: list[str] = []
    word, started, inside, at = "", False, False, 0
    while at < len(line):
        backslashes = 0
        while at < len(line) and line[at] == "\\":
            backslashes, at = backslashes + 1, at + 1
        if at < len(line) and line[at] == '"':
            word += "\\" * (backslashes // 2)
            started = True
            if backslashes % 2:
                word += '"'
            elif inside and line[at + 1 : at + 2] == '"':
                word += '"'
                at += 1
            else:
                inside = not inside
            at += 1
            continue
        word += "\\" * backslashes
        started = started or bool(backslashes)
        if at < len(line):
            if line[at] in " \t" and not inside:
                if started:
                    found.append(word)
                word, started = "", False
            else:
                word, started = word + line[at], True
            at += 1
    return [*found, word] if started else found


def acts_in_cmd(line: str) -> bool:
    """Whether something in the line of a batch file acts in cmd.exe."""
    inside = False
    for char in line:
        if char == '"':
            inside = not inside
        elif char in "%\r\n" or (char in "&|<>^()" and not inside):
            return True
    return False
