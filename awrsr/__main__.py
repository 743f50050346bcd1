"""`python -m awrsr`."""

import sys

from awrsr.cli.main import main

sys.exit(main())
