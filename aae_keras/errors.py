"""The base of every error that a user can cause and mend."""


class UserError(ValueError):
    """Something outside the program is not as it should be; the message says how to mend it.

    Tools print the message alone, without a traceback.
    """


def first_line(error: BaseException) -> str:
    """The first line of another library's error, or its kind where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


class DataError(UserError):
    """Data that is missing or cannot be used; the message says how to mend it."""


class SeveralSizes(DataError):
    """Images that have to be brought to one size, or of which one is damaged."""


class ExportError(UserError):
    """An export that could not be made; nothing was published."""
