"""``python -m wenzheng``."""

import sys

from wenzheng.cli import main

sys.exit(main())
