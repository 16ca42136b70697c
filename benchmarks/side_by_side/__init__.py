"""The same job by this pipeline and by what a Python or Java user would take instead, measured in one run."""
