"""The definition language: named axes, expressions, and `@op`, which turns a function over them into a Program."""
