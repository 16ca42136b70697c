"""The conditions of all segments of a release as one graph, in which equal leaves are one node."""
