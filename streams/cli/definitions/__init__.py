"""`leadstream definitions`: one file per command, but for those that show releases."""
