"""Right and wrong implementations of neural network operations, as data."""
