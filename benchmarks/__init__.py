"""Figures that a promise rests on, measured on a real Kafka: exactness is checked, times are reported."""
