"""The oracle: what a definition means, to the last bit.

It reads a Program and evaluates the definition itself, unstable forms and all, in arithmetic that encloses the truth,
doubling the precision until each enclosure rounds to one float. What does not decide below a cap is undecided: it is
counted and never given a value. It differentiates by itself, and shares no code with calculus, numerics or codegen.
"""

from derive.oracle.certify import CAP as CAP
from derive.oracle.errors import OracleError as OracleError
from derive.oracle.evaluate import enclose as enclose
from derive.oracle.evaluate import enclose_all as enclose_all
from derive.oracle.evaluate import evaluate as evaluate
from derive.oracle.evaluate import gradient as gradient
from derive.oracle.evaluate import hvp as hvp
from derive.oracle.evaluate import jvp as jvp
from derive.oracle.interval import UNDEFINED as UNDEFINED
from derive.oracle.interval import UNKNOWN as UNKNOWN
from derive.oracle.interval import Interval as Interval
from derive.oracle.interval import overlap as overlap
from derive.oracle.interval import width as width
from derive.oracle.rounding import Rounded as Rounded
from derive.oracle.rounding import ulps as ulps
