"""The data of fast.ai's lesson on gradient descent: 29 points of the line y = 2·x + 30, so that its numbers come again."""

INTERCEPT, SLOPE = 30.0, 2.0
XS = (14, 86, 28, 51, 28, 29, 72, 62, 84, 15, 42, 62, 47, 35, 9, 38, 44, 99, 13, 21, 28, 20, 8, 64, 99, 70, 27, 17, 8)


def lesson_rows() -> list[tuple[float, float]]:
    """(x, y) of each row."""
    return [(float(x), INTERCEPT + SLOPE * x) for x in XS]
