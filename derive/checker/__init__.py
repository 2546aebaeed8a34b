"""Checking: is this function that op, and does the generated code hold what it promises?"""
