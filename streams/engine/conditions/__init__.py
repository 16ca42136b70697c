"""Compiles conditions into nodes that say whether they hold, and when time alone may change that (SPEC section 5).

`compile.compile_condition` is the entry point; there is one file per kind of leaf; `protocols` is what the rest of
the engine uses.
"""
