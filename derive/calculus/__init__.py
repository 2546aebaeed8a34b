"""The calculus: canonical forms, derivatives for symbolic shapes, textbook forms, and steps that carry their proof."""
