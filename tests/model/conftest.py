"""The grammar of a run is stated once, beside the rules."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "rules"))
