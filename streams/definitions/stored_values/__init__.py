"""Counts the values of contacts that a type keeps from being met: by operators, and by new declarations."""
