"""`python -m passenger` is the `passenger` command."""

import sys

from passenger.cli import main

sys.exit(main())
