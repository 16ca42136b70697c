"""One file for each read model: how a record becomes an operation, and what the operation does in Redis (Lua)."""
