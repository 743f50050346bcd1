"""`python -m awrsr`."""

import sys

from awrsr.cli import main

sys.exit(main())
