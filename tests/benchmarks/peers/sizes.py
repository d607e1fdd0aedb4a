"""How much work every engine is given; small, since some take milliseconds for a hop."""

LOOP = 1_000
PASSES = 3
STEPS = 100
WIDTH = 100
