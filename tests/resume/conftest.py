"""Random processes are drawn as they are for the comparison with the reference model."""

import sys
from pathlib import Path

for folder in ("rules", "model"):
    sys.path.append(str(Path(__file__).parent.parent / folder))
