"""Functions of one variable, with certainty: Taylor series, bounds far out, integrals against the normal density, extremes."""
