"""The pure engine: state and a record in, state and outputs out. No input or output, no clock, no chance."""
