"""The decisions about one contact at one instant: segments, leads, points, timers and outputs."""
