"""The peers' programs. Each runs by itself, in an environment that need not have this project's packages."""
