"""Overrides of Faust and patches of aiokafka, one file each: the only code that uses their private parts."""
