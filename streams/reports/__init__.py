"""Reports from the out-topics' tables: what campaigns and sources brought."""
