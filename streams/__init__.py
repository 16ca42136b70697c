"""The machine: a pure engine, the runtime around it, and the command line."""
