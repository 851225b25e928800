"""``python -m scanner``: the same as ``vmss-posture``."""

import sys

from scanner.cli import main

sys.exit(main())
