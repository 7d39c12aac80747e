"""``python -m collabsheet …`` is the command `collabsheet`."""

import sys

from pyxl.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
