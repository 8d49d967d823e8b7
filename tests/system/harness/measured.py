"""Figures of time on a machine that others use, too."""


def once_of(measure, times=3):
    """Lets `measure` assert what it has measured. What somebody else's load has spoiled is measured again."""
    for left in reversed(range(times)):
        try:
            return measure()
        except AssertionError as error:
            if left == 0:
                raise
            print(f"again, since {error}")
