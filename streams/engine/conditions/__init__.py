"""Conditions compiled into nodes that say whether they hold, and when time alone may change that.

`compile.compile_condition` is the way in; one file per kind of leaf; `contract` is what the rest of the engine sees.
"""
