"""derive: from one short definition of an op to its gradient, stable NumPy code, certified oracle and checker."""
