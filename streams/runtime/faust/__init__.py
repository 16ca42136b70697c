"""Every wall around Faust and every mending of it, one file each."""
