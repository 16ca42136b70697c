"""Publishing: lines of files become events on the in-topics, in order where that is asked for."""
